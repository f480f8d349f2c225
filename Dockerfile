# Berth as an image: one console script, pinned dependencies, nobody's privileges. Equal sources, lock files and base give
# an equal image whenever it is built: docs/image.md says how.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
# Compiled modules and the wheel are functions of the sources alone.
ARG SOURCE_DATE_EPOCH=0
ENV SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} PYTHONHASHSEED=0 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
# pip and setuptools stay in /build.
RUN python3 -m venv /build \
    && /build/bin/pip install --quiet --require-hashes -r requirements-build.lock \
    && python3 -m venv --without-pip /opt/berth \
    && /build/bin/pip --python /opt/berth/bin/python install --quiet --no-compile --require-hashes -r requirements.lock
COPY . .
RUN /build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /build/bin/pip --python /opt/berth/bin/python install --quiet --no-compile --no-index --find-links /wheels berth \
    && find /opt/berth -type d -name tests -prune -exec rm -r {} +
# Compiled here, because the root file system is read-only in a cluster; but for the Kubernetes client's models, which
# nothing imports.
RUN /opt/berth/bin/python -m compileall -q -f --invalidation-mode unchecked-hash \
        -x 'kubernetes/(aio/)?client/(api|models)/' /opt/berth \
    && find /opt/berth -exec touch --no-dereference --date "@${SOURCE_DATE_EPOCH}" {} +

FROM ${BASE}
LABEL org.opencontainers.image.title="Berth" \
      org.opencontainers.image.description="Puts inference pods on the right accelerator in Kubernetes, and says why." \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/berth /opt/berth
ARG REVISION=unknown
LABEL org.opencontainers.image.revision="${REVISION}"
# The Kubernetes client asks for a home, and this user has none.
ENV PATH=/opt/berth/bin:$PATH HOME=/ PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BERTH_REVISION=${REVISION}
USER 65532:65532
ENTRYPOINT ["berth"]
CMD ["--help"]
