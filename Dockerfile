# The program as one static file, without a shell, a package manager or root. Without arguments it runs the portal
# emulator:
#
#     docker build -t brimful .
#     docker run --rm -p 8024:8024 brimful
#     docker run --rm -e BRIMFUL_PORTAL brimful export crm.lead.list -o - > leads.jsonl
FROM rust:1-alpine AS build
RUN apk add --no-cache ca-certificates musl-dev
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package brimful-cli --features full

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/target/release/brimful /brimful
USER 65532:65532
EXPOSE 8024
ENTRYPOINT ["/brimful"]
CMD ["portal", "--listen", "0.0.0.0"]
