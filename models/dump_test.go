package models_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// A dump of the whole database must not contain anything that gives access without the
// secret key: no session, server key, access key, claim code or device code.
func TestDumpOpensNothing(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, person, owner := k.t.Context(), k.old(), k.account()
		phone, err := k.trySignIn(person.Username, md5Password)
		k.must(err)
		m := k.server(owner)
		k.link(m, person)
		rotated, err := k.ServerKeys.Rotate(ctx, owner.ID, m.ID, home)
		k.must(err)
		claim, api, emby := k.claimCode(owner), k.beginAPI("dev"), k.begin("dev-1")
		k.must(k.Devices.Approve(ctx, phone.Session, emby, home))
		secrets := map[string]string{
			"session": phone.Token, "server key": m.key, "rotated server key": rotated, "access key": serversKey, "claim code": claim,
			"user code": api.UserCode, "device code": api.DeviceCode, "approved user code": emby,
			"MD5": models.PlainMD5(md5Password), "filtered MD5": models.FilteredMD5(md5Password),
		}
		dump := k.dump()
		if !strings.Contains(dump, den.SystemID) || !strings.Contains(dump, "dev-1") {
			k.t.Fatal("the dump lacks the system id or the device id, want every stored value")
		}
		for what, text := range secrets {
			short := strings.ReplaceAll(text, "-", "")
			sum := secret.Sum(short)
			for _, form := range []string{text, short, hex.EncodeToString([]byte(text))} {
				if strings.Contains(strings.ToLower(dump), strings.ToLower(form)) {
					k.t.Errorf("the dump contains the %s, want it only encrypted or hashed", what)
				}
			}
			// Short values can be guessed, so the dump must not contain their hash without a key.
			if len(short) <= 32 && strings.Contains(dump, string(sum[:])) {
				k.t.Errorf("the dump contains the plain hash of the %s, want a hash with a key", what)
			}
		}
		// With another secret key, an access key cannot be decrypted.
		other, err := secret.NewKeys(strings.Repeat("another key ", 4), "")
		k.must(err)
		row := k.texts("SELECT id, access_key FROM links")[0]
		if _, err := other.Open("access key", row[0], row[1]); err == nil {
			k.t.Error("another secret key opens an access key, want an error")
		}
		mine, err := secret.NewKeys(modelstest.Key, "")
		k.must(err)
		if text, err := mine.Open("access key", row[0], row[1]); err != nil || text != serversKey {
			k.t.Errorf("the secret key opens the access key %q with error %v, want the stored one", text, err)
		}
	}, withMD5)
}

// dump returns every value of every table.
func (k *kit) dump() string {
	k.t.Helper()
	tables := "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
	if models.DatabaseOf(k.Store).Dialect == database.SQLite {
		tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	}
	var all bytes.Buffer
	for _, table := range k.texts(tables) {
		for _, row := range k.texts("SELECT * FROM " + table[0]) {
			fmt.Fprintln(&all, strings.Join(row, "\n"))
		}
	}
	return all.String()
}

// A dump of the database gives no access to an invite without the secret key. It contains
// neither the secret of a sent mail, nor the means to make the secret of a mail that is
// still to be sent, nor the result of a request with an Idempotency-Key.
func TestDumpGivesNoInvite(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.operatorMade()
		m := k.agent(owner)
		const requestKey = "a-key-of-a-request-0123456789"
		k.invite(owner, "sent@example.org", m)
		sent := k.letter(models.MailInvite, "sent@example.org").Secret
		_, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{
			To: "owed@example.org", Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: m.ID}}, IdempotencyKey: requestKey,
		}, home)
		k.must(err)
		opens := func(text string) bool {
			if _, _, err := k.Invites.Look(ctx, text, home); err == nil {
				return true
			}
			_, err := k.Accounts.SignUp(ctx, models.SignUp{
				Username: newName(), Email: "sent@example.org", Password: goodPassword, Locale: "en", Invite: text,
			}, home)
			return err == nil
		}
		dump := k.dump()
		for what, text := range map[string]string{"secret": sent, "request's key": requestKey} {
			if sum := secret.Sum(text); strings.Contains(dump, text) || what != "secret" && strings.Contains(dump, string(sum[:])) {
				k.t.Errorf("the dump contains the %s or its plain hash, want neither", what)
			}
		}
		thief, err := secret.NewKeys(thiefsKey, "")
		k.must(err)
		tried := 0
		for _, table := range []string{"tokens", "invites", "outbox", "idempotency"} {
			for _, row := range k.query("SELECT * FROM " + table) {
				for i := range row {
					if row[i] == nil || len(row.text(i)) < 8 {
						continue
					}
					for _, form := range forms(row.text(i)) {
						tried++
						if opens(form) {
							k.t.Errorf("a value of the table %s opens an invite, want no value to do so", table)
						}
					}
				}
			}
		}
		for _, row := range k.query("SELECT id, salt FROM outbox WHERE kind = ?", string(models.MailInvite)) {
			id, err := strconv.ParseInt(row.text(0), 10, 64)
			k.must(err)
			text, err := models.MailSecretFrom(thief, models.MailInvite, id, secret.Hash([]byte(row.text(1))), thief.ID())
			k.must(err)
			tried++
			if opens(text) {
				k.t.Error("the dump gives the secret of a mail that is still to be sent, want no way to make it")
			}
		}
		if tried < 100 {
			k.t.Errorf("tried %d texts, want at least 100", tried)
		}
		owed := k.letter(models.MailInvite, "owed@example.org").Secret
		if _, _, err := k.Invites.Look(ctx, owed, home); err != nil || !opens(sent) {
			k.t.Errorf("the real secrets do not open the invites, error %v; want them to", err)
		}
	}, func(o *models.Options) { o.SignUp = models.SignUpInvite })
}
