# Any command of points-conformance: docker run --rm points-conformance --help
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY conformance conformance
COPY specs specs
RUN python -m venv /opt/points-conformance \
    && /opt/points-conformance/bin/pip install --no-cache-dir --quiet ".[api,spread]"

FROM python:3.13-slim
COPY --from=build /opt/points-conformance /opt/points-conformance
RUN useradd --uid 10001 --create-home points
ENV PATH="/opt/points-conformance/bin:$PATH" PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/points
EXPOSE 8787
ENTRYPOINT ["points-conformance"]
