# A sync worker. It needs SENDCLOUD_DATABASE and SENDCLOUD_CONFIG.
FROM python:3.13-slim
RUN pip install --no-cache-dir "sendcloud-integrations-client[cli,worker,redis]>=0.2" \
    && useradd --uid 10001 --create-home sendcloud
USER 10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["sendcloud-integrations"]
CMD ["worker", "run", "--every", "15m"]
