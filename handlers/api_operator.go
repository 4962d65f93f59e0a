package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operation is something that an operator does to an account or a server, given
// its id.
type operation func(ctx context.Context, id int64) error

// operating returns a handler that calls an operation, which the function pick returns.
func (s *site) operating(pick func(store *models.Store) operation) gin.HandlerFunc {
	return s.withOperator(func(c *gin.Context) error {
		if err := noBody(c); err != nil {
			return err
		}
		id, err := idOf(c.Param("id"))
		if err != nil {
			return err
		}
		return done(c, pick(s.Store)(c.Request.Context(), id))
	})
}

// operatedAccount is an account as operators see it.
type operatedAccount struct {
	ID                string     `json:"id"`
	Username          string     `json:"username"`
	DisplayName       string     `json:"display_name"`
	Email             string     `json:"email"` // "" for people without an address
	Language          string     `json:"language"`
	Operator          bool       `json:"operator"`
	HasPIN            bool       `json:"has_pin"`
	PINOff            bool       `json:"pin_off"`
	PasswordChangedAt time.Time  `json:"password_changed_at"`
	CreatedAt         time.Time  `json:"created_at"`
	ConfirmedAt       *time.Time `json:"confirmed_at"`
	DisabledAt        *time.Time `json:"disabled_at"`
}

func operatedAccountOf(a models.Account) operatedAccount {
	return operatedAccount{
		ID: idText(a.ID), Username: a.Username, DisplayName: a.DisplayName, Email: a.Email, Language: a.Locale,
		Operator: a.Operator, HasPIN: a.HasPIN, PINOff: a.PINOff, PasswordChangedAt: a.PasswordChangedAt.UTC(),
		CreatedAt: a.CreatedAt.UTC(), ConfirmedAt: moment(a.ConfirmedAt), DisabledAt: moment(a.DisabledAt),
	}
}

// apiOperatedAccounts answers GET /api/v1/operator/accounts, in the order of usernames.
// With the parameter prefix it lists the accounts whose username or address begins with the
// prefix.
func (s *site) apiOperatedAccounts(c *gin.Context) error {
	prefix, _, err := parameter(c, "prefix")
	if err != nil {
		return err
	}
	asked, err := s.pageAsked(c, "accounts", prefix)
	if err != nil {
		return err
	}
	found, err := s.Store.Operators.List(c.Request.Context(), prefix, asked.after, asked.more())
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, operatedAccountOf, func(a models.Account) string { return a.Username })
}

// apiOperatedAccount answers GET /api/v1/operator/accounts/{id}.
func (s *site) apiOperatedAccount(c *gin.Context) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	account, err := s.Store.Accounts.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, operatedAccountOf(account))
}

// operatedServer is a server as operators see it in the list.
type operatedServer struct {
	ID           string     `json:"id"`
	SystemID     string     `json:"system_id"`
	Name         string     `json:"name"`
	ReportedName string     `json:"reported_name"`
	Kind         string     `json:"kind"`
	Version      string     `json:"version"`
	Owner        *string    `json:"owner"` // a username; null while nobody has claimed the server
	CreatedAt    time.Time  `json:"created_at"`
	ClaimedAt    *time.Time `json:"claimed_at"`
	LastSeenAt   time.Time  `json:"last_seen_at"`
	DisabledAt   *time.Time `json:"disabled_at"`
}

// operatedServerDetail is one server as operators see it. The answer does not have the
// names of the server's people, because these concern only the owner and the people
// themselves.
type operatedServerDetail struct {
	operatedServer
	Addresses []operatedAddress `json:"addresses"`
	People    int               `json:"people"`
	Pending   int               `json:"pending"`
}

type operatedAddress struct {
	Kind    string `json:"kind"`
	URL     string `json:"url"`
	Hidden  bool   `json:"hidden"`
	ByOwner bool   `json:"by_owner"`
}

func operatedServerOf(o models.OperatedServer) operatedServer {
	out := operatedServer{
		ID: idText(o.ID), SystemID: o.SystemID, Name: o.Name, ReportedName: o.ReportedName, Kind: o.Kind, Version: o.Version,
		CreatedAt: o.CreatedAt.UTC(), ClaimedAt: moment(o.ClaimedAt), LastSeenAt: o.LastSeenAt.UTC(), DisabledAt: moment(o.DisabledAt),
	}
	if o.Owner != "" {
		out.Owner = &o.Owner
	}
	return out
}

// apiOperatedServers answers GET /api/v1/operator/servers, in the order of
// registration.
func (s *site) apiOperatedServers(c *gin.Context) error {
	asked, err := s.pageAsked(c, "servers")
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedServers.List(c.Request.Context(), asked.afterID(), asked.more())
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, operatedServerOf, func(o models.OperatedServer) string { return idText(o.ID) })
}

// apiOperatedServer answers GET /api/v1/operator/servers/{id}.
func (s *site) apiOperatedServer(c *gin.Context) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedServers.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	out := operatedServerDetail{
		operatedServer: operatedServerOf(found),
		Addresses: each(found.Addresses, func(a models.Address) operatedAddress {
			return operatedAddress{Kind: a.Kind, URL: a.URL(), Hidden: a.Hidden, ByOwner: a.ByOwner}
		}),
	}
	for _, link := range found.Links {
		if link.State == models.LinkAccepted {
			out.People++
		} else {
			out.Pending++
		}
	}
	return answerJSON(c, http.StatusOK, out)
}
