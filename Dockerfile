# Both programs of Relay, from a clean checkout: docker build --target frontend . and docker build --target silo .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source

# What restoring needs changes seldom: the packages stay in a layer of their own.
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/Grains.Abstractions/Grains.Abstractions.csproj src/Grains.Abstractions/
COPY src/Grains/Grains.csproj src/Grains/
COPY src/Shared/Shared.csproj src/Shared/
COPY src/Silo/Silo.csproj src/Silo/
COPY src/Frontend/Frontend.csproj src/Frontend/
RUN dotnet restore src/Frontend/Frontend.csproj --use-current-runtime

COPY src/ src/
RUN dotnet publish src/Silo/Silo.csproj --configuration Release --use-current-runtime --self-contained false --no-restore --output /out/silo \
 && dotnet publish src/Frontend/Frontend.csproj --configuration Release --use-current-runtime --self-contained false --no-restore --output /out/frontend

# curl is for the health checks of the compose file. The user without rights comes with the image.
FROM mcr.microsoft.com/dotnet/aspnet:10.0 AS runtime
RUN apt-get update \
 && apt-get install --yes --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/* \
 && install --directory --owner=app --group=app --mode=700 /data
WORKDIR /data
USER app

FROM runtime AS silo
COPY --from=build /out/silo /app
ENTRYPOINT ["dotnet", "/app/Relay.Silo.dll"]

FROM runtime AS frontend
COPY --from=build /out/frontend /app
ENV ASPNETCORE_URLS=http://*:8080 Relay__DataDirectory=/data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["dotnet", "/app/Relay.Frontend.dll"]
