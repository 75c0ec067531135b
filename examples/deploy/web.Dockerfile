# The web app of fastapi_backend.py. Its folder is the build context.
FROM python:3.13-slim
RUN pip install --no-cache-dir "sendcloud-integrations-client[redis]>=0.2" fastapi uvicorn \
    && useradd --uid 10001 --create-home sendcloud
COPY fastapi_backend.py /app/
WORKDIR /app
USER 10001
CMD ["uvicorn", "--factory", "fastapi_backend:create_app", "--host", "0.0.0.0", "--port", "8000"]
