package handlers

import (
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// home is where somebody who has signed in goes without another wish.
const home = "/account"

// returnTo is the page to go back to, if it is one of ours: a path with
// perhaps a query, which no reading of it can take to another host. Anything
// else is home.
func returnTo(wish string) string {
	if len(wish) > 512 || !strings.HasPrefix(wish, "/") || strings.HasPrefix(wish, "//") {
		return home
	}
	for _, r := range wish {
		if r <= ' ' || r == '\\' || r > '~' {
			return home
		}
	}
	u, err := url.Parse(wish)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return home
	}
	// A second reading must not find another host behind escapes.
	if strings.Contains(u.Path, "//") || strings.ContainsAny(u.Path, "\\\x00\t\r\n") || strings.Contains(u.Path, "/../") {
		return home
	}
	u.Fragment = ""
	return u.RequestURI()
}

// pageOf is the page that a path belongs to: where a form is sent need not be
// a page.
func pageOf(path string) string {
	switch path {
	case "/signup/resend", "/signup/correct":
		return "/signup/sent"
	case "/account/sessions/end", "/account/sessions/end-others":
		return "/account/sessions"
	case "/account/pin/mail":
		return "/account/pin/forgot"
	case "/signout", "/signout/everywhere", "/language":
		return home
	case "/servers/leave":
		return "/servers"
	case "/servers/claim":
		return "/servers/new"
	case "/invites":
		return "/servers"
	case "/invitations/accept", "/invitations/decline", "/invites/accept", "/invites/decline":
		return "/invitations"
	case "/link/approve", "/link/deny", "/link/quick-connect":
		return "/link"
	}
	if strings.HasPrefix(path, "/link/quick-connect/") {
		return strings.TrimSuffix(path, "/state")
	}
	// What is done to a server is done from its page.
	id, act, ok := strings.Cut(strings.TrimPrefix(path, "/servers/"), "/")
	if !ok || !strings.HasPrefix(path, "/servers/") {
		return path
	}
	switch act {
	case "open", "invite", "join": // pages of their own
		return path
	case "join/state":
		return "/servers/" + id + "/join"
	default:
		return "/servers/" + id
	}
}

// pageHere is the page that the request belongs to, "" for one that met no
// route. What a route leaves open is taken from the request.
func pageHere(c *gin.Context) string {
	path := c.FullPath()
	if strings.Contains(path, ":") {
		path = c.Request.URL.Path
	}
	return pageOf(path)
}

// withReturn is page, leading back to path.
func withReturn(page, path string) string {
	return page + "?return_to=" + url.QueryEscape(path)
}
