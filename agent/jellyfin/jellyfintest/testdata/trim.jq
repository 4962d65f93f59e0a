# Trims a description that Jellyfin publishes to what the fake needs: the calls that an agent or a
# signing-in client makes, one content type for each body, and the schemas that these refer to. Of
# schemas of which only a few members are ever looked at, the objects inside are left open.
#
#   jq -r -f trim.jq FROM_JELLYFIN.json > jellyfin-12.json

def cut: ["BaseItemDto", "SessionInfo", "SessionInfoDto", "DeviceInfo", "DeviceInfoDto", "SystemInfo"];
def item: ["BackdropImageTags", "CanDelete", "CanDownload", "ChannelId", "Chapters", "CollectionType", "DateCreated", "DisplayPreferencesId",
  "EnableMediaSourceDisplay", "Etag", "ExternalUrls", "GenreItems", "Genres", "Id", "ImageBlurHashes", "ImageTags",
  "IsFolder", "LocalTrailerCount", "LocationType", "LockData", "LockedFields", "MediaType", "Name", "ParentId", "Path",
  "People", "ProviderIds", "RemoteTrailers", "ServerId", "SortName", "SpecialFeatureCount", "Studios", "Taglines",
  "Tags", "Type"];
def named: ltrimstr("#/components/schemas/");
def refs: [.. | objects | .["$ref"] // empty | named] | unique;
def words: walk(if type == "object" then del(.description?, .summary?, .style?, .explode?, .tags?, .externalDocs?, .deprecated?) else . end);
def bodies: walk(if type == "object" and has("content") and (.content | type) == "object"
  then del(.headers) | .content |= with_entries(select(.key | test("^(application/json|image/.*|text/html)$"))) else . end);
def lines: to_entries | map("\(.key | tojson): \(.value | tojson)") | join(",\n");

.components.schemas as $all
| ($all | map_values(.enum != null)) as $enums
| .paths as $paths
| ($all | with_entries(.key as $name | if $name == "BaseItemDto" then .value.properties |= with_entries(select(.key | IN(item[]))) else . end
    | if ($name | IN(cut[])) then .value.properties |= walk(if type == "object" and has("$ref") and ($enums[.["$ref"] | named] | not) then {type: "object"} else . end) else . end)) as $schemas
| ([$paths | refs] | last | until(. as $have | ([($schemas | to_entries[] | select(.key | IN($have[])) | .value | refs[])] + $have | unique) == $have; . as $have | [($schemas | to_entries[] | select(.key | IN($have[])) | .value | refs[])] + $have | unique)) as $reached
| ($schemas | with_entries(select(.key | IN($reached[]))) | words) as $kept
| "{\"openapi\": \"3.0.1\", \"info\": \(.info | {title, version} | tojson),\n\"paths\": {\n\($paths | words | bodies | lines)\n},\n\"components\": {\"schemas\": {\n\($kept | lines)\n}}}"
