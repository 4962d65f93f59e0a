package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/qrcode"
	"github.com/latchkey-media/latchkey/models"
)

// serverStartPage is the data of templates/pages/server_start.html: what a person does now to get
// in at a server, by device.
type serverStartPage struct {
	Base
	ID, Name     string
	Face         face
	Kind         string // of the media server: jellyfin, builtin, emby or emby_password
	Linked       bool   // the local user existed before, and has a password of their own
	Standing     linkStateView
	Owner, Note  string // the username of the owner and what they say here; "" for none
	SignsIn      string // where the button for this browser ends, as people read it; "" for a link to the page about opening
	Devices      []startDeviceView
	On           startDeviceView // the device whose steps the page shows
	App          startAppView
	Addresses    []startAddressView
	QuickConnect bool
	Code         Field // the field "code" for the six digits
	Try          quickTryView
	FirstDevice  string // the day on which the first device came in; "" before
	Connect      string // the address of this service for apps of Emby Connect
}

// linkStateView is the data of partials/link_state.html: what keeps a person out of a server.
type linkStateView struct {
	Base
	State, WaitsFor string // see usableServerView
	Until           time.Time
}

// quickTryView is the data of partials/quick_failed.html, which tells what happened after a person
// typed six digits.
type quickTryView struct {
	Base
	ID, Server, State, Reason string // see quickConnectWaitPage; ID is "" if no digits were typed
}

// startDeviceView is a device to choose.
type startDeviceView struct {
	Key, Name, Icon string
	Current         bool
}

// startAppView is the app for a device.
type startAppView struct {
	Name, Store string // as the store writes them; "" where no app is needed
	Link        string // the app's page in the store, or the guide that installs it
	QR          qrView // of Link
	Update      bool   // versions from before Jellyfin 12 may be refused by this server
	Partly      string // on which models the store has the app, in the reader's language; "" for all
}

// startAddressView is an address of the server, as people type it.
type startAddressView struct {
	ID, URL  string // ID is the id of the element
	HomeOnly bool
	QR       qrView
}

// qrView is the data of partials/qr.html.
type qrView struct {
	qrcode.Code
	Label string
}

// startDevice is a device with Jellyfin's app for it. These facts are from Jellyfin's own list of clients and
// its page about Quick Connect: all of these apps can use Quick Connect.
type startDevice struct {
	key, icon, app, store, link string
	follows                     bool // shows the pages of the server itself, so that it fits each version
}

// startDevices returns the devices in the order of the page. The first one is the browser that
// shows the page.
func startDevices() []startDevice {
	return []startDevice{
		{key: "browser", icon: "computer", follows: true},
		{"android", "phone", "Jellyfin", "Google Play", "https://play.google.com/store/apps/details?id=org.jellyfin.mobile", true},
		{"iphone", "phone", "Jellyfin Mobile", "App Store", "https://apps.apple.com/app/jellyfin-mobile/id1480192618", true},
		{"android_tv", "tv", "Jellyfin for Android TV", "Google Play", "https://play.google.com/store/apps/details?id=org.jellyfin.androidtv", false},
		{"fire_tv", "tv", "Jellyfin", "Amazon Appstore", "https://www.amazon.com/gp/aw/d/B07TX7Z725", false},
		{"apple_tv", "tv", "Swiftfin", "App Store", "https://apps.apple.com/app/swiftfin/id1604098728", false},
		{"webos", "tv", "Jellyfin", "LG Content Store", "https://us.lgappstv.com/main/tvapp/detail?appId=1030579", true},
		{"tizen", "tv", "Jellyfin", "Samsung Apps", "https://www.samsung.com/us/tvs/smart-tv/samsung-tv-apps-detail/?appId=3202007021208", false},
		{"roku", "tv", "Jellyfin", "Roku Channel Store", "https://channelstore.roku.com/details/592369/jellyfin", false},
		{"kodi", "tv", "JellyCon", "Kodi", "https://jellyfin.org/docs/general/clients/kodi", false},
	}
}

// startDeviceName returns the name of a device in the reader's language.
func startDeviceName(b Base, key string) string {
	switch key {
	case "android":
		return b.T("device.start.on.android")
	case "iphone":
		return b.T("device.start.on.iphone")
	case "android_tv":
		return "Android TV, Google TV"
	case "fire_tv":
		return "Fire TV"
	case "apple_tv":
		return "Apple TV"
	case "webos":
		return "LG (webOS)"
	case "tizen":
		return "Samsung (Tizen)"
	case "roku":
		return "Roku"
	case "kodi":
		return "Kodi"
	default:
		return b.T("device.start.on.browser")
	}
}

// startDeviceOf returns the device that a parameter names, or else the device that sends the request.
func startDeviceOf(key, agent string) startDevice {
	devices := startDevices()
	if key == "" {
		switch lower := strings.ToLower(agent); {
		case strings.Contains(lower, "iphone"), strings.Contains(lower, "ipad"):
			key = "iphone"
		case strings.Contains(lower, "android"):
			key = "android"
		}
	}
	for _, one := range devices {
		if one.key == key {
			return one
		}
	}
	return devices[0]
}

// startPath returns the address of the page about getting in at a server.
func startPath(serverID int64) string { return "/servers/" + idText(serverID) + "/start" }

// startOf returns the page to go to after accepting an invite: how to get in at its server, or the
// list if it is to several servers.
func startOf(invite models.Invite) string {
	if invite.Circle != nil {
		return circlePath(idText(invite.Circle.ID))
	}
	if len(invite.Servers) != 1 {
		return home
	}
	return startPath(invite.Servers[0].ServerID)
}

// startOfInvite returns the page that startOf returns for an invite, if the person has not answered
// the invite yet. Otherwise it returns the home page.
func (s *site) startOfInvite(c *gin.Context, inviteID string) string {
	session, err := visitOf(c).session()
	if err != nil {
		return home
	}
	received, err := s.Store.Invites.Received(c.Request.Context(), session.AccountID)
	at := slices.IndexFunc(received, func(one models.Invite) bool { return idText(one.ID) == inviteID })
	if err != nil || at < 0 {
		return home
	}
	return startOf(received[at])
}

// serverStart answers GET /servers/ID/start.
func (s *site) serverStart(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	return s.showServerStart(c, session, nil, nil)
}

// startDigits answers POST /servers/ID/start: the six digits that a device shows. As at /link, the
// password must have been given recently.
func (s *site) startDigits(c *gin.Context, f form) error {
	session, err := s.signedInRecently(c)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	asked, err := s.Store.QuickConnects.Ask(c.Request.Context(), session, id, f["code"], caller(c))
	if err != nil {
		return s.showServerStart(c, session, f, err)
	}
	device := startDeviceOf(f["on"], c.GetHeader("User-Agent"))
	return seeOther(c, startPath(id)+"?on="+device.key+"&try="+idText(asked.ID)+"#code")
}

func (s *site) showServerStart(c *gin.Context, session models.Session, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	start, err := s.Store.Links.Start(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	if start.ServerDisabled {
		return refuse(http.StatusForbidden, "server_disabled")
	}
	if wrong.problem == "" { // the page has no field for the server
		wrong.problem = wrong.fields["server_id"]
	}
	page := newServerStartPage(s.base(c, "server_start").telling(wrong), start)
	page.Connect = s.origin + "/service"
	key := queryValue(c, "on")
	if f != nil {
		key = f["on"]
	}
	page.choose(startDeviceOf(key, c.GetHeader("User-Agent")), start)
	if err := s.signsInAt(c, session, start, &page); err != nil {
		return err
	}
	in := newInputs(page.Base, f, wrong)
	in.fresh = false // the first field does not take the focus, because the steps stand above it
	page.Code = in.quickDigits()
	if page.Try, err = s.quickTry(c, page, session, id); err != nil {
		return err
	}
	return s.render(c, wrong.status, "server_start", page)
}

// signsInAt adds a button to the page that signs this browser in, if Open can do that at the server. The page
// has to allow the origin to which the answer to its form leads. A guest whose local user is still being made
// gets the button, too, because the agent waits until the local user exists.
func (s *site) signsInAt(c *gin.Context, session models.Session, start models.ServerStart, page *serverStartPage) error {
	soon := start.LocalUserState == models.LocalUserWaiting && start.WaitsFor == ""
	if page.App.Name != "" || page.Kind != mediaJellyfin || !start.Opens || !soon && !opens(&start.Link) {
		return nil
	}
	to, can, err := s.opensAt(c, session, start.ServerID)
	if err != nil || !can {
		return err
	}
	page.SignsIn = to.Short()
	allow(c, allowances{forms: []string{to.Origin()}})
	return nil
}

// newServerStartPage returns the page without the steps of a device.
func newServerStartPage(b Base, start models.ServerStart) serverStartPage {
	page := serverStartPage{
		Base: b, ID: idText(start.ServerID), Name: start.Server.Name, Face: faceOf(start.Server.Name, start.ServerID, pictureAddress(start.Server.Picture)),
		Kind: mediaKind(start.Server, start.Media), Linked: start.Type == models.LinkLinked, Standing: linkStateView{b, start.LocalUserState, start.WaitsFor, start.Pause.Until},
		Owner: start.OwnerUsername, Note: start.Note, QuickConnect: start.QuickConnect,
	}
	if !start.FirstDeviceAt.IsZero() {
		page.FirstDevice = b.Date(start.FirstDeviceAt)
	}
	for _, home := range []bool{false, true} { // the first address of each kind is enough to read
		for _, address := range start.Addresses {
			text, ok := address.Spoken()
			if ok && startsAtHome(address) == home {
				page.Addresses = append(page.Addresses, startAddressView{
					ID: "address-" + strconv.Itoa(len(page.Addresses)), URL: text, HomeOnly: home, QR: b.qr(text, b.T("device.start.qr.address", "Address", text)),
				})
				break
			}
		}
	}
	return page
}

// startsAtHome reports whether an address is for the home network: the agent or its text says so.
func startsAtHome(a models.Address) bool { return a.Kind == models.AddressLAN || a.HomeOnly() }

// choose fills in the devices to choose from and the app of the chosen one.
func (p *serverStartPage) choose(on startDevice, start models.ServerStart) {
	for _, one := range startDevices() {
		view := startDeviceView{Key: one.key, Name: startDeviceName(p.Base, one.key), Icon: one.icon, Current: one.key == on.key}
		if p.Devices = append(p.Devices, view); view.Current {
			p.On = view
		}
	}
	if on.app == "" {
		return
	}
	p.App = startAppView{
		Name: on.app, Store: on.store, Link: on.link, QR: p.qr(on.link, p.T("device.start.qr.store", "App", on.app)),
		Update: !on.follows && majorVersion(start.Server.Version) >= 12,
	}
	if on.key == "tizen" {
		p.App.Partly = p.T("device.start.partly.tizen")
	}
}

// The kinds of media servers for which the page has words of its own.
const (
	mediaJellyfin = "jellyfin"
	mediaBuiltin  = "builtin"
	mediaEmby     = "emby"          // registered over the Emby Connect protocol
	mediaPassword = "emby_password" // an Emby server beside an agent: people sign in there with a name and a password
)

// mediaKind returns the kind of a media server: one of the constants above. Versions of Jellyfin begin
// at 10. The version of the agent's own small media server is lower, so that apps for Jellyfin do not use it.
func mediaKind(server models.ServerDescription, media string) string {
	switch {
	case server.Kind == models.ServerAgent && media == models.MediaEmby:
		return mediaPassword
	case server.Kind == models.ServerEmby:
		return mediaEmby
	case majorVersion(server.Version) >= 10:
		return mediaJellyfin
	default:
		return mediaBuiltin
	}
}

// majorVersion returns the first number of a version, or 0.
func majorVersion(version string) int {
	text, _, _ := strings.Cut(version, ".")
	number, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return number
}

// qr returns a text as a QR code. It returns the zero value for a text that is too long for one,
// which the page then leaves out.
func (b Base) qr(text, label string) qrView {
	code, err := qrcode.Draw(text)
	if err != nil {
		return qrView{}
	}
	return qrView{code, label}
}

// quickTry returns the outcome of the digits that the address of the page names.
func (s *site) quickTry(c *gin.Context, page serverStartPage, session models.Session, serverID int64) (quickTryView, error) {
	view := quickTryView{Base: page.Base, Server: page.Name}
	id, err := idOf(queryValue(c, "try"))
	if err != nil {
		return view, nil //nolint:nilerr // no digits were typed
	}
	found, err := s.Store.QuickConnects.Get(c.Request.Context(), session.AccountID, id)
	if errors.Is(err, models.ErrNotFound) || err == nil && found.ServerID != serverID {
		return view, nil
	}
	view.ID, view.State, view.Reason = idText(found.ID), found.State, found.Reason
	return view, err
}

// quickDigits returns the field for the six digits of Quick Connect.
func (in *inputs) quickDigits() Field {
	return in.add(Field{
		Name: "code", Type: "text", Hint: in.hint("quick_digits"), Autocomplete: "off", InputMode: "numeric", Required: true, Code: true,
	}, "quick_digits")
}
