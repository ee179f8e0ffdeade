#!/bin/sh
# Check the port and the deployed files before the dashboard starts on a host. Writes nothing.
set -eu
cd "$(dirname "$0")"

refuse() {
    echo "setup.sh: $1" >&2
    exit 1
}

case "${PORT:-}" in
    '' | *[!0-9]*) refuse "PORT must be the number of the port to serve on, not '${PORT:-}'. The host sets it; to run by hand: PORT=8501 sh setup.sh" ;;
esac

model="${BRAINTUMOR_OUTPUTS:-outputs}/${BRAINTUMOR_VERSION:-v5}"
for file in app.py src/braintumor/__init__.py "$model/card.json" "$model/model.onnx"; do
    [ -f "$file" ] || refuse "$file is missing from the deployment. Check .slugignore, and BRAINTUMOR_VERSION if it is set."
done
echo "setup.sh: serving $model on port $PORT."
