package handlers

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// addressView is one address of a server, as its owner sees it.
type addressView struct {
	ID, URL, Kind   string // Kind is in the reader's language
	Text            string // the URL; for an address of IPv6, its parts in words, because an URL has brackets around it
	Hidden, ByOwner bool
	First, Last     bool
	ReportedAt      time.Time
}

// addAddress answers POST /servers/ID/addresses.
func (s *site) addAddress(c *gin.Context, f form) error {
	return s.onServer(c, f, noticeAddressAdded, func(ctx context.Context, own owned) error {
		if err := missing(f, "address"); err != nil {
			return err
		}
		_, err := s.Store.Addresses.Add(ctx, own.session.AccountID, own.serverID, f["address"])
		return err
	})
}

// moveAddress answers POST /servers/ID/addresses/move.
func (s *site) moveAddress(c *gin.Context, f form) error {
	return s.onPart(c, f, noticeAddressMoved, func(ctx context.Context, own owned, addressID int64) error {
		return s.Store.Addresses.Move(ctx, own.session.AccountID, own.serverID, addressID, f["do"] == "up")
	})
}

// hideAddress answers POST /servers/ID/addresses/hide.
func (s *site) hideAddress(c *gin.Context, f form) error {
	hide, said := f["do"] != "show", noticeAddressShown
	if hide {
		said = noticeAddressHidden
	}
	return s.onPart(c, f, said, func(ctx context.Context, own owned, addressID int64) error {
		return s.Store.Addresses.Hide(ctx, own.session.AccountID, own.serverID, addressID, hide)
	})
}

// removeAddress answers POST /servers/ID/addresses/remove.
func (s *site) removeAddress(c *gin.Context, f form) error {
	return s.onPart(c, f, noticeAddressRemoved, func(ctx context.Context, own owned, addressID int64) error {
		return s.Store.Addresses.Remove(ctx, own.session.AccountID, own.serverID, addressID)
	})
}

func addressViews(b Base, addresses []models.Address) []addressView {
	views := make([]addressView, len(addresses))
	for i, a := range addresses {
		views[i] = addressView{
			ID: idText(a.ID), URL: a.URL(), Text: addressWords(b, a), Kind: addressKind(b, a), Hidden: a.Hidden, ByOwner: a.ByOwner,
			First: i == 0, Last: i == len(addresses)-1, ReportedAt: a.ReportedAt,
		}
	}
	return views
}

// addressWords returns an address as people read it.
func addressWords(b Base, a models.Address) string {
	if !strings.Contains(a.Host, ":") {
		return a.URL()
	}
	return b.T("address.ipv6", "Address", a.Host, "Port", strconv.Itoa(a.Port))
}

// addressKind says in which network an address works.
func addressKind(b Base, a models.Address) string {
	switch a.Kind {
	case models.AddressLAN:
		return b.T("address.lan")
	case models.AddressVPN:
		return b.T("address.vpn")
	case models.AddressWAN:
		return b.T("address.wan")
	default:
		return b.T("address.custom")
	}
}

func (in *inputs) address() Field {
	return in.add(Field{
		Name: "address", Type: "text", Hint: in.hint("server_address"),
		Autocomplete: "off", InputMode: "url", Required: true,
	}, "server_address")
}
