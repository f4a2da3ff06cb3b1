# syntax=docker/dockerfile:1
# nasion as an algorithm of SzCORE (https://github.com/esl-epfl/szcore, config/template.Dockerfile):
#
#   docker build -t nasion .
#   docker run --rm --network none -v "$PWD/in:/data:ro" -v "$PWD/out:/output" \
#       -e INPUT=night.edf -e OUTPUT=night.tsv nasion

ARG PYTHON=python:3.12.11-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /src
COPY container/install container/
COPY pyproject.toml ./
RUN --mount=type=cache,target=/root/.cache/pip container/install /opt/nasion dependencies
COPY LICENSE README.md ./
COPY src src
RUN --mount=type=cache,target=/root/.cache/pip container/install /opt/nasion nasion

FROM ${PYTHON}
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH="/opt/nasion/bin:$PATH"
ARG UID=10001
RUN adduser --disabled-password --gecos "" --home /nonexistent --shell /sbin/nologin \
    --no-create-home --uid "${UID}" nasion
COPY --from=build /opt/nasion /opt/nasion
COPY container/run /opt/nasion/run
USER nasion
VOLUME ["/data"]
VOLUME ["/output"]
ENV INPUT="" OUTPUT=""
CMD ["/opt/nasion/run"]
