# The image of Snapshop: docker build --tag snapshop .
#
# BASE is any Debian-like image with Python 3.11 to 3.13 and its venv module; both stages use it, so that the
# virtual environment finds its interpreter. Packages come from pip's usual index; for another one, hand over a
# pip.conf that stays out of the image: docker build --secret id=pip.conf,src=pip.conf .
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /build
COPY requirements.lock requirements-dev.lock ./
# PostgreSQL's driver is an extra, and only the developers' lock names it: its lines are taken from there.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python3 -m venv /opt/snapshop \
    && awk '/^[^ ]/ { wanted = /^psycopg/ } wanted' requirements-dev.lock > postgres.lock \
    && /opt/snapshop/bin/pip install --only-binary=:all: --require-hashes -r requirements.lock \
    && /opt/snapshop/bin/pip install --only-binary=:all: --require-hashes --no-deps -r postgres.lock
COPY pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY core core
COPY bots bots
# Modules are compiled here, while they can be written; what only builds is left out of the image.
RUN /opt/snapshop/bin/pip install --no-deps --no-build-isolation . \
    && /opt/snapshop/bin/pip uninstall --yes hatchling editables pathspec pluggy trove-classifiers pip \
    && find /opt/snapshop -depth -type d -path '*/site-packages/*' -name tests -exec rm -r {} +

FROM ${BASE}
LABEL org.opencontainers.image.title="Snapshop" \
      org.opencontainers.image.description="Photo in a chat, closest TikTok Shop products out" \
      org.opencontainers.image.licenses="MIT"
# A number that never changes: what lies in the volume belongs to it.
RUN groupadd --gid 10001 snapshop \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin snapshop \
    && install --directory --owner 10001 --group 10001 --mode 0700 /data
COPY --from=build /opt/snapshop /opt/snapshop
# The root may be read-only: everything that is kept lies in /data, what is not in /tmp.
# The health check needs HTTP_PORT; 0.0.0.0 is this container only, until a port is published.
ENV PATH=/opt/snapshop/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    HTTP_HOST=0.0.0.0 \
    HTTP_PORT=8080
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python3", "-I", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['HTTP_PORT']), timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["snapshop"]
CMD ["run"]
