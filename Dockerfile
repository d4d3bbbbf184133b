# docker build -t fanfare .
# docker run --rm -p 127.0.0.1:8080:8080 fanfare serve --listen 0.0.0.0:8080 --insecure
#
# Without tokens a node listens on loopback unless it is told --insecure; in a container loopback is
# the container's own, so publish the port to an address that only your proxy or you can reach.
FROM swift:6.3-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends libuv1-dev libhiredis-dev libsqlite3-dev zlib1g-dev pkg-config \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
COPY Benchmarks Benchmarks
COPY Fuzz Fuzz
RUN swift build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked \
    --product fanfare \
 && strip -o /fanfare .build/release/fanfare

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends libuv1 libhiredis0.14 libsqlite3-0 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --no-create-home fanfare \
 && install -d -o fanfare /var/lib/fanfare
COPY --from=build /fanfare /usr/local/bin/fanfare
USER fanfare
# Jobs are kept here: docker run -v fanfare:/var/lib/fanfare …
WORKDIR /var/lib/fanfare
VOLUME /var/lib/fanfare
EXPOSE 8080
# SIGTERM drains for up to drain.window (10 s): docker stop --time 30.
STOPSIGNAL SIGTERM
ENTRYPOINT ["fanfare"]
CMD ["serve"]
