# Where neither image can be pulled, `make docker-build` puts stand-ins made from this machine in their place.
ARG BUILDER=node:24-bookworm-slim
ARG RUNTIME=gcr.io/distroless/nodejs24-debian12:nonroot

FROM ${BUILDER} AS build
WORKDIR /src
ARG npm_config_registry
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-progress
COPY . .
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json

FROM ${BUILDER} AS modules
WORKDIR /src
ARG npm_config_registry
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-progress
# Declarations and source maps are a quarter of the image and nothing reads them there.
RUN node -e "const fs = require('node:fs'); for (const file of fs.globSync('node_modules/**/*.{d.ts,d.mts,d.cts,map}')) fs.rmSync(file)"

FROM ${RUNTIME}
WORKDIR /app
COPY --from=modules /src/node_modules ./node_modules
COPY --from=build /src/dist ./
# Says that the compiled files are ES modules, and which version this is.
COPY package.json ./
ENV NODE_ENV=production PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin
USER 65532:65532
EXPOSE 8081
ENTRYPOINT ["node", "/app/controllers/main.js"]
