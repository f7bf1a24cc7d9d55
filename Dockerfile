# The image is the static binary and nothing else: no shell, no package, no root.
# `make image` builds bin/hookrig first.
FROM scratch
COPY bin/hookrig /hookrig
USER 65532:65532
# Inside a container loopback is unreachable from outside it, so the image listens on every
# address; give HOOKRIG_TOKEN, or publish the ports on 127.0.0.1 only.
ENV HOOKRIG_CAPTURE=:8081 HOOKRIG_DESK=:8080 HOOKRIG_DATA=memory HOOKRIG_INSECURE=true
EXPOSE 8080 8081
HEALTHCHECK --interval=5s --timeout=3s --retries=3 CMD ["/hookrig", "healthcheck"]
ENTRYPOINT ["/hookrig"]
CMD ["serve"]
