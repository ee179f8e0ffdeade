# The dashboard for any container host: docker build -t brain-tumor-detector . && docker run -p 8501:8501 brain-tumor-detector
FROM python:3.13-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
RUN useradd --create-home reader
USER reader
ENV PORT=8501 PYTHONPATH=/app/src PYTHONUNBUFFERED=1
EXPOSE 8501
HEALTHCHECK --start-period=30s CMD python -c "import os, urllib.request as u; u.urlopen('http://localhost:' + os.environ['PORT'] + '/_stcore/health', timeout=5)"
CMD ["sh", "-c", "sh setup.sh && exec streamlit run app.py --server.port $PORT --server.headless true"]
