# The image is the static binary, the licence texts of what it is made of, and an empty folder for data: no shell, no package, no root.
# `docker build .` builds all of it. Where no image can be pulled, `make image` does with the binary that Go builds here (Dockerfile.prebuilt).
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
# slim leaves out bursts over several machines, which need 4 MB. --build-arg TAGS= has them.
ARG TAGS=slim
RUN TAGS="$TAGS" .tools/build bin/hookrig "$VERSION" \
 && .tools/licenses bin/hookrig bin/licenses && mkdir -p bin/data

FROM scratch
COPY --from=build /src/bin/hookrig /hookrig
COPY --from=build /src/bin/licenses /licenses
COPY --from=build --chown=65532:65532 /src/bin/data /data
USER 65532:65532
# Inside a container loopback is unreachable from outside it, so the image listens on every
# address; give HOOKRIG_TOKEN, or publish the ports on 127.0.0.1 only.
ENV HOOKRIG_CAPTURE=:8081 HOOKRIG_DASHBOARD=:8080 HOOKRIG_DATA=memory HOOKRIG_INSECURE=true
EXPOSE 8080 8081
# A short interval, so that the server is healthy soon after its start; --every makes the checks rare from then on.
HEALTHCHECK --interval=50ms --timeout=15s --retries=3 CMD ["/hookrig", "healthcheck", "--every", "5s"]
ENTRYPOINT ["/hookrig"]
CMD ["serve"]
