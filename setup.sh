#!/bin/sh
# Start on a host: check settings and files, then run a `braintumor` command, such as `sh setup.sh serve`.
# Without a command it only checks. Writes nothing.
set -eu
cd "$(dirname "$0")"

refuse() {
    echo "setup.sh: $1" >&2
    exit 1
}

# A host is reached by other computers, so everything needs a login.
export BRAINTUMOR_ACCOUNTS="${BRAINTUMOR_ACCOUNTS:-on}"
# The package is not installed, because pip with hashes installs only what has one.
export PYTHONPATH="$PWD/src${PYTHONPATH:+:$PYTHONPATH}"
if [ -z "${BRAINTUMOR_DATABASE:-}" ] && [ -n "${DATABASE_URL:-}" ]; then
    export BRAINTUMOR_DATABASE="$DATABASE_URL"
fi

# Heroku sets DYNO.
if [ -n "${DYNO:-}" ]; then
    erased="Heroku erases its disk at every restart."
    [ -n "${BRAINTUMOR_DATABASE:-}" ] || refuse "$erased Add a database: heroku addons:create heroku-postgresql"
    case "${BRAINTUMOR_BLOBS:-}" in
        s3://*) ;;
        *) refuse "$erased Store scans elsewhere: heroku config:set BRAINTUMOR_BLOBS=s3://BUCKET AWS_REGION=... AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=..." ;;
    esac
    [ -n "${BRAINTUMOR_AUDIT_KEY:-}" ] || refuse "$erased Set the key of the audit log: heroku config:set BRAINTUMOR_AUDIT_KEY=\$(openssl rand -base64 32)"
    # Its routers have such addresses. From a trusted one, the browser's address is taken from X-Forwarded-For.
    export FORWARDED_ALLOW_IPS="${FORWARDED_ALLOW_IPS:-10.0.0.0/8}"
fi

case "${1:-serve}" in
    serve)
        case "${PORT:-}" in
            '' | *[!0-9]*) refuse "PORT must be the number of the port to serve on, not '${PORT:-}'. The host sets it; to run by hand: PORT=8501 sh setup.sh" ;;
        esac
        [ -n "${BRAINTUMOR_PUBLIC_URL:-}" ] || refuse "BRAINTUMOR_PUBLIC_URL must be the address that browsers use, such as https://scans.example.org. On Heroku: heroku config:set BRAINTUMOR_PUBLIC_URL=https://..."
        ;;
esac

model="${BRAINTUMOR_OUTPUTS:-outputs}/${BRAINTUMOR_VERSION:-v5}"
for file in app.py server.py src/braintumor/__init__.py "$model/card.json" "$model/model.onnx"; do
    [ -f "$file" ] || refuse "$file is missing from the deployment. Check .slugignore, and BRAINTUMOR_VERSION if it is set."
done
[ $# -eq 0 ] || exec python -m braintumor "$@"
echo "setup.sh: ready to serve $model on port $PORT."
