package handlers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiExport answers GET /api/v1/account/export with the same document as the
// page. The history records the export, but not a HEAD request.
func (s *site) apiExport(c *gin.Context, session models.Session) error {
	if err := s.proved(session); err != nil {
		return err
	}
	var body []byte
	if c.Request.Method != http.MethodHead {
		var err error
		if body, err = s.exportBody(c, session.AccountID); err != nil {
			return err
		}
	}
	c.Data(http.StatusOK, "application/json", body)
	return nil
}

func (s *site) exportBody(c *gin.Context, accountID int64) ([]byte, error) {
	stored, err := s.Store.Accounts.Export(c.Request.Context(), accountID, caller(c))
	if err != nil {
		return nil, err
	}
	body, err := json.MarshalIndent(exportFile(stored, s.Store.Now()), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the export: %w", err)
	}
	return append(body, '\n'), nil
}

// exported is the whole document.
type exported struct {
	ExportedAt   time.Time             `json:"exported_at"`
	Account      exportedAccount       `json:"account"`
	Emails       []exportedEmail       `json:"emails"`
	EmailChanges []exportedEmailChange `json:"email_changes"`
	Sessions     []exportedSession     `json:"sessions"`
	History      []exportedEvent       `json:"history"`
	Mails        []exportedMail        `json:"mails_not_sent_yet"`
	Links        []exportedLink        `json:"mailed_links_not_used_yet"`
	Servers      []exportedServer      `json:"servers"`
	ServerLinks  []exportedServerLink  `json:"links"`
	Devices      []exportedDevice      `json:"device_codes"`
	ClaimCodes   []exportedClaimCode   `json:"claim_codes_not_used_yet"`
	Invites      []inviteObject        `json:"invites"`
	Profiles     []exportedProfile     `json:"invite_profiles"`
	Imports      []exportedImport      `json:"imports"`
	Proofs       []exportedProof       `json:"proofs"`
	Quick        []exportedQuick       `json:"quick_connects"`
	QuickDevices []quickDeviceObject   `json:"quick_connect_devices"`
	Pictures     []exportedPicture     `json:"pictures"`
	Families     []exportedFamily      `json:"families"`
	Levels       []exportedLevels      `json:"levels"`
	Protections  []exportedProtection  `json:"protections"`
	Webhooks     []webhookObject       `json:"webhooks"`

	exportedCircles
}

type exportedAccount struct {
	ID                string         `json:"id"`
	Username          string         `json:"username"`
	DisplayName       string         `json:"display_name"`
	Email             string         `json:"email,omitempty"`
	Language          string         `json:"language"`
	TimeZone          string         `json:"time_zone,omitempty"`
	InviteMails       bool           `json:"invite_mails"`
	GuardianID        string         `json:"guardian_id,omitempty"`
	Ceiling           *ceilingObject `json:"ceiling,omitempty"`
	Newcomer          bool           `json:"newcomer"`
	HasPIN            bool           `json:"has_pin"`
	PINOff            bool           `json:"pin_off"`
	PINChangedAt      time.Time      `json:"pin_changed_at,omitzero"`
	PasswordChangedAt time.Time      `json:"password_changed_at"`
	CreatedAt         time.Time      `json:"created_at"`
	ConfirmedAt       time.Time      `json:"confirmed_at,omitzero"`
	FirstSignInAt     time.Time      `json:"first_sign_in_at,omitzero"`
	DisabledAt        time.Time      `json:"disabled_at,omitzero"`
}

type exportedEmail struct {
	Address   string    `json:"address"`
	HeldUntil time.Time `json:"held_until,omitzero"`
}

type exportedEmailChange struct {
	From      string    `json:"from,omitempty"`
	To        string    `json:"to"`
	State     string    `json:"state"`
	AskedAt   time.Time `json:"asked_at"`
	ChangedAt time.Time `json:"changed_at,omitzero"`
	UndoUntil time.Time `json:"undo_until,omitzero"`
}

type exportedSession struct {
	ID                  string    `json:"id"`
	Kind                string    `json:"kind"`
	Device              string    `json:"device"`
	DeviceID            string    `json:"device_id,omitempty"`
	Client              string    `json:"client,omitempty"`
	Switched            bool      `json:"switched,omitempty"` // chosen on a shared device
	Address             string    `json:"address"`
	CreatedAt           time.Time `json:"created_at"`
	LastSeenAt          time.Time `json:"last_seen_at"`
	PasswordConfirmedAt time.Time `json:"password_confirmed_at"`
	ExpiresAt           time.Time `json:"expires_at"`
}

type exportedEvent struct {
	Kind    string    `json:"kind"`
	Subject string    `json:"subject,omitempty"`
	Address string    `json:"address,omitempty"`
	By      string    `json:"by,omitempty"` // a guardian
	Device  string    `json:"device,omitempty"`
	At      time.Time `json:"at"`
}

type exportedMail struct {
	Kind   string            `json:"kind"`
	To     string            `json:"to"`
	State  string            `json:"state"`
	Facts  map[string]string `json:"facts"`
	OwedAt time.Time         `json:"owed_at"`
}

type exportedLink struct {
	Purpose   string    `json:"purpose"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// exportFile returns the document with the stored data. Its lists are never null.
func exportFile(stored models.Export, now time.Time) exported {
	return exported{
		ExportedAt: now.UTC().Truncate(time.Second),
		Account:    exportAccount(stored),
		Emails:     each(stored.Emails, func(e models.ExportedEmail) exportedEmail { return exportedEmail(e) }),
		EmailChanges: each(stored.EmailChanges, func(e models.ExportedEmailChange) exportedEmailChange {
			return exportedEmailChange(e)
		}),
		Sessions: each(stored.Sessions, exportSession),
		History: each(stored.History, func(e models.Event) exportedEvent {
			return exportedEvent{Kind: string(e.Kind), Subject: e.Subject, Address: e.Address, Device: e.Device, By: e.By, At: e.At}
		}),
		Mails: each(stored.Mails, func(m models.ExportedMail) exportedMail { return exportedMail(m) }),
		Links: each(stored.Links, func(l models.ExportedLink) exportedLink { return exportedLink(l) }),

		Servers:      each(stored.Servers, exportServer),
		ServerLinks:  exportServerLinks(stored),
		Devices:      each(stored.Devices, func(d models.ExportedDevice) exportedDevice { return exportedDevice(d) }),
		ClaimCodes:   each(stored.ClaimCodes, func(c models.ExportedClaimCode) exportedClaimCode { return exportedClaimCode(c) }),
		Invites:      each(stored.Invites, inviteOf),
		Profiles:     each(stored.Profiles, exportProfile),
		Imports:      each(stored.Imports, exportImport),
		Proofs:       each(stored.Proofs, exportProof),
		Quick:        each(stored.Quick, exportQuick),
		QuickDevices: each(stored.QuickDevices, quickDeviceOf),
		Pictures:     each(stored.Pictures, exportPicture),
		Families:     each(stored.Families, exportFamily),
		Levels:       each(stored.Levels, exportLevels),
		Protections:  each(stored.Protections, exportProtection),
		Webhooks:     each(stored.Webhooks, webhookOf),

		exportedCircles: exportCircles(stored),
	}
}

func exportAccount(stored models.Export) exportedAccount {
	a := stored.Account
	out := exportedAccount{
		ID: idText(a.ID), Username: a.Username, DisplayName: a.DisplayName, Email: a.Email, Language: a.Locale, TimeZone: a.TimeZone,
		InviteMails: !stored.MailsStopped, Newcomer: a.Newcomer, HasPIN: a.HasPIN, PINOff: a.PINOff, PINChangedAt: a.PINChangedAt, PasswordChangedAt: a.PasswordChangedAt,
		CreatedAt: a.CreatedAt, ConfirmedAt: a.ConfirmedAt, FirstSignInAt: stored.FirstSignIn, DisabledAt: a.DisabledAt,
	}
	out.Ceiling = ceilingOrNull(stored.Ceiling)
	if stored.GuardianID != 0 {
		out.GuardianID = idText(stored.GuardianID)
	}
	return out
}

func exportSession(s models.Session) exportedSession {
	return exportedSession{
		ID: idText(s.ID), Kind: s.Kind, Device: s.Device, DeviceID: s.DeviceID, Client: s.Client, Switched: s.Switched, Address: s.Address, CreatedAt: s.CreatedAt,
		LastSeenAt: s.LastSeenAt, PasswordConfirmedAt: s.ConfirmedAt, ExpiresAt: s.ExpiresAt,
	}
}

type exportedServer struct {
	serverObject
	ReportedName string            `json:"reported_name"`
	MediaServer  string            `json:"media_server,omitempty"`
	StartNote    string            `json:"start_note,omitempty"` // what the owner tells people who want to get in
	CreatedAt    time.Time         `json:"created_at"`
	ClaimedAt    time.Time         `json:"claimed_at,omitzero"`
	LastSeenAt   time.Time         `json:"last_seen_at"`
	DisabledAt   time.Time         `json:"disabled_at,omitzero"`
	Addresses    []exportedAddress `json:"addresses"`
}

type exportedAddress struct {
	URL        string    `json:"url"`
	Kind       string    `json:"kind"`
	Hidden     bool      `json:"hidden"`
	ByOwner    bool      `json:"by_owner"`
	ReportedAt time.Time `json:"reported_at"`
}

type exportedServerLink struct {
	ID          string    `json:"id"`
	ServerID    string    `json:"server_id"`
	Server      string    `json:"server"`
	Type        string    `json:"type"`
	State       string    `json:"state"`
	RequestedBy string    `json:"requested_by,omitempty"`
	AskedAt     time.Time `json:"asked_at"`
	AcceptedAt  time.Time `json:"accepted_at,omitzero"`
	EndsAt      time.Time `json:"ends_at,omitzero"`

	FirstDeviceAt time.Time `json:"first_device_at,omitzero"` // when its first device was signed in by a code
	PausedAt      time.Time `json:"paused_at,omitzero"`       // by the owner of the server
	PausedUntil   time.Time `json:"paused_until,omitzero"`

	Libraries *[]libraryObject `json:"libraries,omitempty"` // absent if the server decides
}

type exportedDevice struct {
	DeviceID  string    `json:"device_id"`
	Client    string    `json:"client,omitempty"`
	Device    string    `json:"device,omitempty"`
	Address   string    `json:"address,omitempty"`
	State     string    `json:"state"`
	AskedAt   time.Time `json:"asked_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

type exportedClaimCode struct {
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

func exportServer(s models.ExportedServer) exportedServer {
	return exportedServer{
		serverObject: serverOf(s.ID, s.ServerDescription), ReportedName: s.ReportedName, MediaServer: s.Media, StartNote: s.StartNote,
		CreatedAt: s.CreatedAt, ClaimedAt: s.ClaimedAt, LastSeenAt: s.LastSeenAt, DisabledAt: s.DisabledAt,
		Addresses: each(s.Addresses, func(a models.Address) exportedAddress {
			return exportedAddress{URL: a.URL(), Kind: a.Kind, Hidden: a.Hidden, ByOwner: a.ByOwner, ReportedAt: a.ReportedAt}
		}),
	}
}

func exportServerLink(l models.Link) exportedServerLink {
	return exportedServerLink{
		ID: idText(l.ID), ServerID: idText(l.ServerID), Server: l.Server.Name, Type: l.Type, State: l.State,
		RequestedBy: l.RequestedBy, AskedAt: l.CreatedAt, AcceptedAt: l.AcceptedAt, EndsAt: l.EndsAt,
		FirstDeviceAt: l.FirstDeviceAt, PausedAt: l.Pause.Since, PausedUntil: l.Pause.Until,
	}
}

// exportedPicture is the picture of the account, or of one of its servers.
type exportedPicture struct {
	ServerID    string    `json:"server_id,omitempty"` // absent for the picture of the account
	ContentType string    `json:"content_type"`
	Content     []byte    `json:"content"` // in base64
	CreatedAt   time.Time `json:"created_at"`
}

func exportPicture(p models.ExportedPicture) exportedPicture {
	out := exportedPicture{ContentType: p.ContentType, Content: p.Body, CreatedAt: p.CreatedAt}
	if p.ServerID != 0 {
		out.ServerID = idText(p.ServerID)
	}
	return out
}

// exportedFamily is a family that the account has joined, or was asked into.
type exportedFamily struct {
	FamilyID string    `json:"family_id"` // the account of its first guardian
	Role     string    `json:"role"`
	State    string    `json:"status"`
	AskedAt  time.Time `json:"asked_at"`
	JoinedAt time.Time `json:"joined_at,omitzero"`
}

func exportFamily(f models.ExportedFamily) exportedFamily {
	return exportedFamily{FamilyID: idText(f.FamilyID), Role: f.Role, State: f.State, AskedAt: f.AskedAt, JoinedAt: f.JoinedAt}
}

// exportedProof is one attempt to prove a local user. The code that was shown
// for it is a secret between the person and the server, and left out.
type exportedProof struct {
	ID        string    `json:"id"`
	ServerID  string    `json:"server_id"`
	Status    string    `json:"status"`
	Reason    string    `json:"reason,omitempty"`
	StartedAt time.Time `json:"started_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

func exportProof(p models.Proof) exportedProof {
	return exportedProof{
		ID: idText(p.ID), ServerID: idText(p.ServerID), Status: p.State, Reason: p.Reason, StartedAt: p.CreatedAt.UTC(), ExpiresAt: p.ExpiresAt.UTC(),
	}
}

// exportedProfile is a set of choices that the account has saved for its invites to a server.
type exportedProfile struct {
	ID         string           `json:"id"`
	ServerID   string           `json:"server_id"`
	Name       string           `json:"name"`
	Libraries  *[]libraryObject `json:"libraries,omitempty"` // absent if the server decides
	Uses       int              `json:"uses"`
	InviteDays int              `json:"invite_days"`
	LinkDays   int              `json:"link_days"` // 0 for no end
}

func exportProfile(p models.InviteProfile) exportedProfile {
	out := exportedProfile{
		ID: idText(p.ID), ServerID: idText(p.ServerID), Name: p.Name, Uses: p.Uses, InviteDays: p.InviteDays, LinkDays: p.LinkDays,
	}
	if p.Libraries != nil {
		libraries := each(p.Libraries, libraryOf)
		out.Libraries = &libraries
	}
	return out
}

// exportedQuick is a device for which a code of Quick Connect was typed.
type exportedQuick struct {
	ID        string    `json:"id"`
	ServerID  string    `json:"server_id"`
	Status    string    `json:"status"`
	Reason    string    `json:"reason,omitempty"`
	Address   string    `json:"address,omitempty"`
	Device    string    `json:"device,omitempty"`
	AskedAt   time.Time `json:"asked_at"`
	ExpiresAt time.Time `json:"expires_at"`
	ByOwner   bool      `json:"by_owner,omitempty"`
}

func exportQuick(q models.QuickConnect) exportedQuick {
	return exportedQuick{
		ID: idText(q.ID), ServerID: idText(q.ServerID), Status: q.State, Reason: q.Reason, Address: q.Address, Device: q.Device,
		AskedAt: q.CreatedAt.UTC(), ExpiresAt: q.ExpiresAt.UTC(), ByOwner: q.ByOwner,
	}
}

// exportServerLinks returns the links, each with the libraries that it is
// limited to.
func exportServerLinks(stored models.Export) []exportedServerLink {
	confined := map[int64][]libraryObject{}
	for _, terms := range stored.Terms {
		confined[terms.LinkID] = each(terms.Libraries, libraryOf)
	}
	return each(stored.ServerLinks, func(l models.Link) exportedServerLink {
		out := exportServerLink(l)
		if libraries, ok := confined[l.ID]; ok {
			out.Libraries = &libraries
		}
		return out
	})
}
