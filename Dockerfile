# syntax=docker/dockerfile:1
# Recall in one image: CPU build of torch, the embedding model included, no root.
ARG PYTHON=3.12-slim-bookworm

FROM python:${PYTHON} AS builder
RUN apt-get update \
 && apt-get install --yes --no-install-recommends make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The virtual environment is made where it will run: its scripts name their interpreter.
ENV VENV=/opt/recall PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
# Another mirror of the CPU wheels can be given with --build-arg.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# The dependencies alone first, so that a change of our code does not install torch again.
COPY Makefile pyproject.toml constraints.txt README.md LICENSE ./
RUN mkdir bot knowledge \
 && touch bot/__init__.py knowledge/__init__.py \
 && make install PYTHON=python3 VENV=${VENV} EXTRAS=postgres TORCH_INDEX=${TORCH_INDEX}
COPY bot bot
COPY knowledge knowledge
# make installs in place; the image needs the packages inside the environment instead.
RUN ${VENV}/bin/python -m pip install --no-deps --force-reinstall . \
 && ${VENV}/bin/recall --version

FROM python:${PYTHON}
RUN groupadd --system --gid 10001 recall \
 && useradd --system --uid 10001 --gid recall --home-dir /data --shell /usr/sbin/nologin recall \
 && install --directory --owner recall --group recall --mode 0700 /data
COPY --from=builder /opt/recall /opt/recall
ENV PATH=/opt/recall/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TOKENIZERS_PARALLELISM=false \
    RECALL_DATA_DIR=/data \
    RECALL_HOST=0.0.0.0 \
    RECALL_PORT=8080
USER recall
WORKDIR /data
VOLUME /data
EXPOSE 8080
# Loading the model and building the index may take a while at the first start.
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=4 CMD ["recall", "health"]
STOPSIGNAL SIGTERM
CMD ["recall", "serve"]
