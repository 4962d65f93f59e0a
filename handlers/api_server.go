package handlers

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serverObject has the members of a server that people, its owner and their exports
// see.
type serverObject struct {
	ID       string `json:"id"`
	SystemID string `json:"system_id"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Version  string `json:"version"`
	Picture  string `json:"picture"` // its address without the host; "" for none
}

func serverOf(id int64, d models.ServerDescription) serverObject {
	return serverObject{ID: idText(id), SystemID: d.SystemID, Name: d.Name, Kind: d.Kind, Version: d.Version, Picture: pictureAddress(d.Picture)}
}

// locatedObject is a server that a person may use. It does not have members that
// change by themselves, such as the time of the server's last report, so that the
// tag of the list changes only when somebody changes the server.
type locatedObject struct {
	serverObject
	LinkID    string          `json:"link_id"`
	Type      string          `json:"type"` // the type of the link: linked or guest
	AccessKey string          `json:"access_key"`
	Addresses []addressObject `json:"addresses"` // in the order in which to try them
}

type addressObject struct {
	Kind string `json:"kind"`
	URL  string `json:"url"`
}

func locatedOf(l models.Located) locatedObject {
	addresses := make([]addressObject, 0, len(l.Addresses))
	for _, a := range l.Addresses {
		addresses = append(addresses, addressObject{a.Kind, a.URL()})
	}
	return locatedObject{
		serverObject: serverOf(l.ServerID, l.Server), LinkID: idText(l.ID),
		Type: l.Type, AccessKey: l.AccessKey, Addresses: addresses,
	}
}

// apiServers answers GET /api/v1/servers with the servers of a person and their
// addresses. If the list has not changed, the answer has no body.
func (s *site) apiServers(c *gin.Context) error {
	session, unchanged, err := s.serversUnchanged(c)
	if err != nil || unchanged {
		return err
	}
	found, tag, err := s.Store.Links.LocateTagged(c.Request.Context(), session)
	if err != nil {
		return err
	}
	servers := make([]locatedObject, 0, len(found))
	for _, one := range found {
		servers = append(servers, locatedOf(one))
	}
	body, err := json.Marshal(struct {
		Servers []locatedObject `json:"servers"`
	}{servers})
	if err != nil {
		return fmt.Errorf("write the servers: %w", err)
	}
	return sendServers(c, serversTag(tag, body), body)
}

// sendServers answers with a list of servers, or without a body if the program has the list
// already. If the list has no version, this is known only when the body is finished.
func sendServers(c *gin.Context, tag string, body []byte) error {
	c.Header("ETag", tag)
	if holds(c.Request.Header.Values("If-None-Match"), tag) {
		c.Status(http.StatusNotModified)
		return nil
	}
	c.Data(http.StatusOK, "application/json", body)
	return nil
}

// serversUnchanged finds the session of the request. It also reports whether the program has
// sent a tag of its list of servers and the list is still the same. Both need only one
// statement.
func (s *site) serversUnchanged(c *gin.Context) (session models.Session, unchanged bool, err error) {
	given := c.Request.Header.Values("If-None-Match")
	if len(given) == 0 {
		session, err = s.sessionOf(c)
		return session, false, err
	}
	token, err := sessionToken(c)
	if err != nil {
		return session, false, err
	}
	session, tag, err := s.Store.Sessions.LookTag(c.Request.Context(), token)
	if err != nil || tag == "" || !holds(given, serversTag(tag, nil)) {
		return session, false, err
	}
	c.Header("ETag", serversTag(tag, nil))
	c.Status(http.StatusNotModified)
	return session, true, nil
}

// serversTag returns the ETag of a list of servers, made from the tag of the list, or from a
// digest of the body if the list has no tag. If another release writes the same list in
// another form, the ETag differs, see serversForm.
func serversTag(tag string, body []byte) string {
	if tag == "" {
		sum := sha256.Sum256(body)
		return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	}
	return `"` + serversForm() + tag + `"`
}

// serversForm returns a digest of the form of a server in the list.
var serversForm = sync.OnceValue(func() string { //nolint:gochecknoglobals // a constant that is computed once
	var sample any = locatedOf(models.Located{
		Addresses: []models.Address{{Kind: models.AddressWAN, Scheme: "https", Host: "::1", Port: 8096, Path: "/path"}},
	})
	body, err := json.Marshal(sample)
	if err != nil {
		panic(fmt.Errorf("handlers: a server has no form: %w", err)) // a mistake in locatedObject
	}
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:3])
})

// holds reports whether tag is one of the tags that the client has (RFC 9110
// §13.1.2). Weak tags count as equal.
func holds(given []string, tag string) bool {
	for one := range strings.SplitSeq(strings.Join(given, ","), ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}
