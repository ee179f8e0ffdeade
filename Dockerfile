# The server for any container host: see docs/how-to/deploy.md.
FROM python:3.13-slim
# pg_dump and pg_restore for `braintumor db backup|restore`; it must not be older than the database.
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements.txt
COPY . .
RUN useradd --uid 10001 reader && install -d -o reader -g reader -m 700 /data
USER 10001:10001
ENV PORT=8501 HOME=/tmp PYTHONPATH=/app/src PYTHONUNBUFFERED=1 BRAINTUMOR_ACCOUNTS=on BRAINTUMOR_DATA=/data
VOLUME /data
EXPOSE 8501
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/livez', timeout=5)"]
ENTRYPOINT ["sh", "setup.sh"]
CMD ["serve", "--host", "0.0.0.0"]
