package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
)

// timeZoneMax is the greatest length of the name of a time zone, in bytes.
const timeZoneMax = 64

// checkTimeZone reports whether name is the name of a time zone that this machine knows, such as
// Europe/Berlin. "" stands for no zone, and "Local" would be the zone of the machine.
func checkTimeZone(name string) bool {
	odd := func(r rune) bool { return !isLetterOrDigit(r) && !strings.ContainsRune("/_+-", r) }
	if name == "" || len(name) > timeZoneMax || name == "Local" || strings.ContainsFunc(name, odd) {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// withTimeZone returns the columns of an account to be written, with the browser's time zone
// if the account does not have a time zone yet. An unknown name is ignored, because nobody typed it.
func withTimeZone(columns map[string]any, row *accountRow, zone string) map[string]any {
	if row.TimeZone == "" && checkTimeZone(zone) {
		columns["time_zone"] = gorm.Expr("CASE WHEN time_zone = '' THEN ? ELSE time_zone END", zone)
	}
	return columns
}

// zone returns the time zone of an account, and UTC while it is not known.
func (r *accountRow) zone() *time.Location { return zoneNamed(r.TimeZone) }

// zoneNamed returns a time zone by its name, and UTC for a name that is unknown or "".
func zoneNamed(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return time.UTC
	}
	return zone
}

// zoneOfOwner returns the time zone of the owner of a server: a last day that is counted from
// today ends at midnight there. It returns UTC for an unclaimed server.
func (c *core) zoneOfOwner(ctx context.Context, db *gorm.DB, serverID int64) (*time.Location, error) {
	var names []string
	err := db.WithContext(ctx).Raw("SELECT a.time_zone FROM servers s JOIN accounts a ON a.id = s.owner_id WHERE s.id = ?", serverID).Scan(&names).Error
	if err != nil {
		return nil, explained("find the time zone of the owner", err)
	}
	return zoneNamed(strings.Join(names, "")), nil
}

// opening returns what [SignUp].Session says about the session that a sign-up opens.
func (s SignIn) opening() SignIn {
	return SignIn{Kind: s.Kind, Client: s.Client, DeviceID: s.DeviceID, TimeZone: s.TimeZone}
}
