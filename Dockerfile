# Berth as an image: one console script, a virtual environment with pinned dependencies, nobody's privileges.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/berth && /opt/berth/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY placement placement
COPY cluster cluster
COPY certs certs
COPY webhook webhook
COPY extender extender
COPY controller controller
COPY berth berth
COPY requirements-build.lock ./
RUN /opt/berth/bin/pip install --no-cache-dir --require-hashes --target /tmp/build -r requirements-build.lock \
    && PYTHONPATH=/tmp/build /opt/berth/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
COPY --from=build /opt/berth /opt/berth
ENV PATH=/opt/berth/bin:$PATH PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["berth"]
CMD ["--help"]
