package models

import (
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

// opening returns what [SignUp].Session says about the session that a sign-up opens.
func (s SignIn) opening() SignIn {
	return SignIn{Kind: s.Kind, Client: s.Client, DeviceID: s.DeviceID, TimeZone: s.TimeZone}
}
