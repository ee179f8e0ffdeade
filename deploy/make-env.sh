#!/bin/sh
# Print the settings of deploy/compose.yaml with new secrets: sh deploy/make-env.sh https://scans.example.org >deploy/.env
set -eu
[ $# -eq 1 ] || { echo "usage: sh deploy/make-env.sh ADDRESS_THAT_BROWSERS_USE >deploy/.env" >&2; exit 2; }
umask 077
cat <<END
BRAINTUMOR_PUBLIC_URL=$1
BRAINTUMOR_AUDIT_KEY=$(openssl rand -hex 32)
BRAINTUMOR_BLOB_KEY=$(openssl rand -base64 32)
POSTGRES_PASSWORD=$(openssl rand -hex 32)
AWS_ACCESS_KEY_ID=$(openssl rand -hex 10)
AWS_SECRET_ACCESS_KEY=$(openssl rand -hex 32)
END
