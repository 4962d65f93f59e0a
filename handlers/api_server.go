package handlers

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

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
}

func serverOf(id int64, d models.ServerDescription) serverObject {
	return serverObject{ID: idText(id), SystemID: d.SystemID, Name: d.Name, Kind: d.Kind, Version: d.Version}
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
func (s *site) apiServers(c *gin.Context, session models.Session) error {
	found, err := s.Store.Links.Locate(c.Request.Context(), session.AccountID, models.LinkAccepted)
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
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	c.Header("ETag", tag)
	if holds(c.Request.Header.Values("If-None-Match"), tag) {
		c.Status(http.StatusNotModified)
		return nil
	}
	c.Data(http.StatusOK, "application/json", body)
	return nil
}

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
