# syntax=docker/dockerfile:1
# Two stages: the first installs what uv.lock names, the second holds the result and nothing to build with.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1
# the same version as in the Makefile
RUN pip install uv==0.13.9
WORKDIR /app
# dependencies first: this layer lasts until the lock changes
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --no-install-project
COPY README.md LICENSE ./
COPY policy_service ./policy_service
RUN uv sync --locked --no-dev --no-editable

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 policy && \
    useradd --system --uid 10001 --gid policy --no-create-home --home-dir /nonexistent policy && \
    install --directory --owner policy --group policy --mode 0750 /var/lib/policy-service && \
    install --directory /etc/policy-service/policies
COPY --from=build /app/.venv /app/.venv
# A container's port is open only where it is published, so the service listens on all of the container's addresses.
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    POLICY_SERVICE_HOST=0.0.0.0 \
    POLICY_SERVICE_PORT=8080 \
    POLICY_SERVICE_POLICIES=/etc/policy-service/policies \
    POLICY_SERVICE_STATE_DIR=/var/lib/policy-service
USER policy
VOLUME /var/lib/policy-service
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['POLICY_SERVICE_PORT'] + '/health/live', timeout=2)"]
ENTRYPOINT ["policy-service"]
CMD ["serve"]
