# slr with everything, on the processor: docs/commands.md says how it is built and run.

FROM python:3.12-slim AS built
COPY . /source
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /source

FROM python:3.12-slim
ARG TORCH_ARGS=
RUN pip install --no-cache-dir $TORCH_ARGS "torch>=2.8,<2.14"
RUN --mount=type=bind,from=built,source=/wheels,target=/wheels \
    pip install --no-cache-dir "$(echo /wheels/*.whl)[sentences]"
# For whichever user it runs as: torch asks for a name, and extracted clips are kept below HOME.
RUN mkdir --mode=1777 /cache /data && useradd --home-dir /cache slr
ENV HOME=/cache USER=slr
USER slr
WORKDIR /data
ENTRYPOINT ["slr"]
CMD ["--help"]
