package embywire

import "net/http"

// AllowAll sets the headers that let web clients of any origin call the service. That is safe,
// because these clients send tokens in headers and no cookies (§4.5). The parameter headers lists
// the request headers that they may send.
func AllowAll(header http.Header, headers string) {
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, PATCH, OPTIONS, HEAD")
	header.Set("Access-Control-Allow-Headers", headers)
	header.Set("Access-Control-Expose-Headers", "ETag, Retry-After")
	header.Set("Access-Control-Allow-Private-Network", "true")
	header.Set("Access-Control-Max-Age", "600")
	header.Set("Vary", "Origin")
}

// CentralHeaders are the headers that web clients send to a Connect service.
const CentralHeaders = "Accept, Authorization, Content-Type, X-Application, X-Connect-UserToken, X-Connect-Token, If-None-Match, " +
	"X-Emby-Authorization, X-Emby-Token, X-Emby-Client, X-Emby-Client-Version, X-Emby-Device-Id, X-Emby-Device-Name, X-Emby-Language, X-MediaBrowser-Token"

// LocalHeaders are the headers that web clients send to a media server.
const LocalHeaders = "Accept, Accept-Language, Authorization, Content-Type, Range, X-Application, X-MediaBrowser-Token, X-Emby-Authorization, X-Emby-Token, " +
	"X-Emby-Client, X-Emby-Client-Version, X-Emby-Device-Id, X-Emby-Device-Name, X-Emby-Language, X-Emby-User-Id"
