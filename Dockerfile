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
COPY docs/lint ./docs/lint
RUN uv sync --locked --no-dev --no-editable

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 policy && \
    useradd --system --uid 10001 --gid policy --no-create-home --home-dir /nonexistent policy && \
    install --directory --owner policy --group policy --mode 0750 /var/lib/policy-service && \
    install --directory /etc/policy-service/policies
COPY --from=build /app/.venv /app/.venv
# The service listens on all of the container's addresses, so it starts only with a key: mount a file with one and name it
# in POLICY_SERVICE_BOOTSTRAP_KEY_FILE, or make the first with `policy-service keys create`.
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    POLICY_SERVICE_HOST=0.0.0.0 \
    POLICY_SERVICE_PORT=8080 \
    POLICY_SERVICE_POLICIES=/etc/policy-service/policies \
    POLICY_SERVICE_STATE_DIR=/var/lib/policy-service
USER policy
VOLUME /var/lib/policy-service
EXPOSE 8080
# It asks its own container, so it needs no name to verify. Where clients need certificates (TLS_CLIENT_CA_FILE), give a
# check of your own with --health-cmd, or --no-healthcheck.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["python", "-c", "import os, ssl, urllib.request as r; tls = bool(os.environ.get('POLICY_SERVICE_TLS_CERT_FILE')); r.urlopen(('https' if tls else 'http') + '://127.0.0.1:' + os.environ['POLICY_SERVICE_PORT'] + '/health/live', timeout=2, context=ssl._create_unverified_context() if tls else None)"]
ENTRYPOINT ["policy-service"]
CMD ["serve"]
