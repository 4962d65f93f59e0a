package handlers

import (
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// home is the page to go to after signing in, unless another page was asked for.
const home = "/servers"

// operatorPath is the first page of operators, and all their pages are below it.
const operatorPath = "/admin"

// familyPath is the page of the family.
const familyPath = "/family"

// memberPath returns the page of a member of the family.
func memberPath(id string) string { return familyPath + "/members/" + id }

// familyPageOf does the work of pageOf for the forms of the family and of its members.
func familyPageOf(path string) string {
	member, found := strings.CutPrefix(path, familyPath+"/members/")
	if !found {
		return familyPath
	}
	id, act, _ := strings.Cut(member, "/")
	if strings.TrimSuffix(act, "/remove") == "picture" {
		return memberPath(id) + "/picture"
	}
	return memberPath(id)
}

// operatorPageOf does the work of pageOf for the pages of operators: an act on an account, a mail or a server belongs to
// the page of that thing.
func operatorPageOf(path string) string {
	if parts := strings.SplitN(path, "/", 6); len(parts) > 4 {
		return strings.Join(parts[:4], "/")
	}
	return path
}

// accountPath is the page with the settings of the account.
const accountPath = "/account"

// returnTo returns wish if it is a page of this site: a path, perhaps with a
// query, that no browser can read as an address on another host. It returns
// home for anything else.
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
	// Even a program that decodes the path once more must not read another host in it.
	if strings.Contains(u.Path, "//") || strings.ContainsAny(u.Path, "\\\x00\t\r\n") || strings.Contains(u.Path, "/../") {
		return home
	}
	u.Fragment = ""
	return u.RequestURI()
}

// thingPageOf returns the page of the circle or webhook to which an action below its page belongs.
func thingPageOf(things, path string) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(path, things+"/"), "/")
	return things + "/" + id
}

// pageOf returns the page to which a path belongs, because a form may be sent to an address
// that is not a page.
func pageOf(path string) string {
	switch path {
	case "/signup/resend", "/signup/correct":
		return "/signup/sent"
	case "/account/sessions/end", "/account/sessions/end-device", "/account/sessions/end-others":
		return "/account/sessions"
	case ownPicturePath + "/remove":
		return ownPicturePath
	case unlockPath + "/close":
		return unlockPath
	case householdPath + "/join", householdPath + "/tiles":
		return householdPath
	case "/account/email/again":
		return accountPath
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
	case "/invite/signup", "/invite/accept":
		return "/invite"
	case "/invitations/accept", "/invitations/decline", "/invites/accept", "/invites/decline":
		return "/invitations"
	case "/link/approve", "/link/deny", "/link/quick-connect":
		return "/link"
	}
	switch {
	case strings.HasPrefix(path, circlesPath+"/"):
		return thingPageOf(circlesPath, path)
	case strings.HasPrefix(path, webhooksPath+"/"):
		return thingPageOf(webhooksPath, path)
	case strings.HasPrefix(path, familyPath+"/"):
		return familyPageOf(path)
	case strings.HasPrefix(path, operatorPath+"/"):
		return operatorPageOf(path)
	}
	if strings.HasPrefix(path, "/link/quick-connect/") {
		return strings.TrimSuffix(path, "/state")
	}
	// An action on a server belongs to the page of that server.
	id, act, ok := strings.Cut(strings.TrimPrefix(path, "/servers/"), "/")
	if !ok || !strings.HasPrefix(path, "/servers/") {
		return path
	}
	if strings.HasPrefix(act, "import") {
		return importPageOf(id, act)
	}
	if invite, found := strings.CutPrefix(act, "invites/"); found && invite != "withdraw" {
		return path
	}
	if strings.HasPrefix(act, "televisions/") {
		return strings.TrimSuffix(path, "/state")
	}
	if person, _, found := strings.Cut(act, "/stay"); found && strings.HasPrefix(act, "people/") {
		return "/servers/" + id + "/" + person + "/stay"
	}
	if page := partOf(act); page != "" {
		return "/servers/" + id + "/" + page
	}
	switch act {
	case "protection/let-unlock":
		return "/servers/" + id + "/protection"
	case "hold", "protection", "open", "authorize", "start", "password", "picture", "invite", "invites", "join", "checks": // these have a page of their own
		return path
	case "checks/state", "tries":
		return "/servers/" + id + "/checks"
	case "join/state":
		return "/servers/" + id + "/join"
	case "picture/remove":
		return "/servers/" + id + "/picture"
	case "password/state":
		return "/servers/" + id + "/password"
	default:
		return "/servers/" + id
	}
}

// webhooksPath is the page of the webhooks of an owner of servers.
const webhooksPath = "/webhooks"

// importPath is the page on which a list of people begins, as a route.
const importPath = "/servers/:id/import"

// importPageOf returns the page to which an act with lists of people at a server belongs.
func importPageOf(serverID, act string) string {
	list, found := strings.CutPrefix(act, "imports/")
	if !found {
		return "/servers/" + serverID + "/import"
	}
	list, _, _ = strings.Cut(list, "/")
	return "/servers/" + serverID + "/imports/" + list
}

// pageHere returns the page to which the request belongs, with the parameters of the
// request in it. It returns "" for a request that met no route.
func pageHere(c *gin.Context) string {
	path := c.FullPath()
	if strings.Contains(path, ":") {
		path = c.Request.URL.Path
	}
	return pageOf(path)
}

// withReturn returns the address of page, with a query that leads back to path.
func withReturn(page, path string) string {
	return page + "?return_to=" + url.QueryEscape(path)
}

// partOf does the work of pageOf for the parts of the page of a server: the list of people with everything below it, and
// the settings. It returns "" for an act that belongs to neither.
func partOf(act string) string {
	switch first, rest, _ := strings.Cut(act, "/"); first {
	case "people":
		if rest == "terms" || rest == "remove" {
			return "people"
		}
		return act
	case "settings", "rename", "start-note", "linked-passwords", "addresses", "self-service", "key", "hand-over", "remove":
		return "settings"
	default:
		return ""
	}
}
