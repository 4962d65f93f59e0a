# Trims the description that Emby publishes to what the fake needs: the calls that the agent or an app that signs in makes, one content
# type for each body, and the schemas that these refer to. Of schemas of which only a few members are looked at, the others are left out.
#
#   jq -r -f trim.jq FROM_EMBY.json > emby-4.8.json

def calls: ["/Devices", "/Library/MediaFolders", "/Library/SelectableMediaFolders", "/Localization/ParentalRatings", "/Sessions", "/Sessions/Logout",
  "/System/Info", "/System/Info/Public", "/System/Ping", "/Users/AuthenticateByName", "/Users/New", "/Users/Public", "/Users/Query", "/Users/{Id}",
  "/Users/{Id}/Password", "/Users/{Id}/Policy"];
def item: ["CollectionType", "Guid", "Id", "IsFolder", "Name", "ServerId", "Type"];
def session: ["ApplicationVersion", "Client", "DeviceId", "DeviceName", "Id", "LastActivityDate", "ServerId", "UserId", "UserName"];
def system: ["Id", "LocalAddress", "OperatingSystem", "ServerName", "Version", "WanAddress"];
def named: ltrimstr("#/components/schemas/");
def refs: [.. | objects | .["$ref"] // empty | select(startswith("#/components/schemas/")) | named] | unique;
def words: walk(if type == "object" then del(.description?, .summary?, .style?, .explode?, .tags?, .externalDocs?, .deprecated?, .["x-internal-ref-name"]?) else . end);
def bodies: walk(if type == "object" and has("content") and (.content | type) == "object" then .content |= with_entries(select(.key == "application/json")) else . end);
def described: walk(if type == "object" and has("responses") then .responses |= map_values(if has("$ref") then {description: ""} else . + {description: ""} end) else . end);
def lines: to_entries | map("\(.key | tojson): \(.value | tojson)") | join(",\n");

(.paths | with_entries(select(.key | IN(calls[]))) | bodies | words | described) as $paths
| (.components.schemas | with_entries(
    if .key == "BaseItemDto" then .value.properties |= with_entries(select(.key | IN(item[])))
    elif .key == "Session.SessionInfo" then .value.properties |= with_entries(select(.key | IN(session[])))
    elif .key == "SystemInfo" then .value.properties |= with_entries(select(.key | IN(system[])))
    else . end)) as $schemas
| ([$paths | refs] | last | until(. as $have | ([($schemas | to_entries[] | select(.key | IN($have[])) | .value | refs[])] + $have | unique) == $have; . as $have | [($schemas | to_entries[] | select(.key | IN($have[])) | .value | refs[])] + $have | unique)) as $reached
| ($schemas | with_entries(select(.key | IN($reached[]))) | words) as $kept
| "{\"openapi\": \"3.0.1\", \"info\": \(.info | {title, version} | tojson),\n\"paths\": {\n\($paths | lines)\n},\n\"components\": {\"schemas\": {\n\($kept | lines)\n}}}"
