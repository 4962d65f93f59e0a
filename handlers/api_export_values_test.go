package handlers

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// withoutExport names the fields of models.Export that the document does not show,
// each with the reason.
func withoutExport() map[string]string {
	const (
		account = "the document shows the account once, at its beginning"
		owner   = "the account of the export is the owner"
		inner   = "only the service needs it"
		secret  = "a secret or a code does not belong into a file"
		link    = "a link names its server by id, name and type; the rest belongs to the server"
		notYet  = "openapi.yaml has no member for it yet"
	)
	return map[string]string{
		"Export.Sessions.AccountID": account, "Export.Sessions.Username": account, "Export.Sessions.DisplayName": account,
		"Export.Sessions.Locale": account, "Export.Sessions.Icon": "pages choose it from the name of the device",
		"Export.ServerLinks.AccountID": account, "Export.ServerLinks.Username": account, "Export.ServerLinks.DisplayName": account,
		"Export.Quick.AccountID": account, "Export.Proofs.AccountID": account, "Export.Proofs.Username": account,
		"Export.Servers.Server.OwnerID": owner, "Export.Invites.OwnerID": owner, "Export.Invites.SignUp": "such an invite has no account as its owner, so no export has one",
		"Export.Servers.Server.OwnName":   "the name is this one, and the reported name stands beside it",
		"Export.Servers.Server.ChangeSeq": inner, "Export.Servers.Server.AckedSeq": inner, "Export.Servers.Server.ReportHash": inner, "Export.Servers.Server.AgentRun": inner,
		"Export.Servers.Server.KeyVersion": inner, "Export.Servers.Server.KeyExpiresAt": inner, "Export.Servers.Server.KeyHandedOver": inner, "Export.Servers.Addresses.ID": inner,
		"Export.ServerLinks.AccessKey": secret, "Export.Quick.Code": secret, "Export.Proofs.Code": secret, "Export.Proofs.URL": secret,
		"Export.ServerLinks.Server.SystemID": link, "Export.ServerLinks.Server.Kind": link, "Export.ServerLinks.Server.Version": link,
		"Export.ServerLinks.OwnerUsername": link, "Export.ServerLinks.Server.Picture": link, "Export.ServerLinks.Picture": account,
		"Export.History.ByGuardian": "By says who it was", "Export.Account.Picture": "the picture itself is there", "Export.Invites.Servers.Picture": link, "Export.Invites.Circle.Servers.Picture": link,
		"Export.CircleServers.Terms.Profile": "a word of requests alone", "Export.CircleServers.Terms.Libraries.Kind": "only a report fills it",
		"Export.ServerLinks.LocalUserState": link, "Export.ServerLinks.WaitsFor": link,
		"Export.ServerLinks.ServerAway": link,
		"Export.ServerLinks.Opens":      link, "Export.Servers.Addresses.Opens": "the agent of the server finds it out",
		"Export.ServerLinks.ServerDisabled": link, "Export.ServerLinks.Active": account,
		"Export.Servers.Addresses.Position": "the order of the list shows it",
		"Export.Account.Operator":           notYet, "Export.Servers.Server.SelfService": notYet, "Export.Servers.Server.LinkedPasswords": notYet,
		"Export.Quick.LinkID": "the server is named", "Export.Quick.ServerName": "the server is named by its id",
		"Export.Terms.Libraries.Kind": "only a report fills it", "Export.Invites.Servers.Libraries.Kind": "only a report fills it",
		"Export.Invites.AnsweredAt": notYet, "Export.Invites.AnsweredBy": notYet,
		"Export.Invites.UsedBy.Username": "other people are not in the export of one; the list of invites tells their owner", "Export.Invites.UsedBy.At": "as its name",
		"Export.Profiles.Libraries.Kind": "only a report fills it",
	}
}

// TestExportShowsEveryField empties each field of a filled export in turn, and looks
// whether the document changes.
func TestExportShowsEveryField(t *testing.T) {
	t.Parallel()
	whole := exportDocument(t, "")
	reasons := withoutExport()
	fields := 0
	fillExport(func(path string, _ reflect.Value) {
		fields++
		shown := exportDocument(t, path) != whole
		_, excused := reasons[path]
		switch {
		case shown && excused:
			t.Errorf("the export shows models.%s: remove its row from withoutExport in handlers/api_export_values_test.go", path)
		case !shown && !excused:
			t.Errorf("the export does not show models.%s: add it to handlers/api_export.go and handlers/openapi.yaml; "+
				"or say in withoutExport, in handlers/api_export_values_test.go, why not", path)
		}
		delete(reasons, path)
	})
	for path := range reasons {
		t.Errorf("there is no field models.%s: remove its row from withoutExport in handlers/api_export_values_test.go", path)
	}
	if fields < 100 {
		t.Errorf("%d fields were found, want at least 100: the search is broken", fields)
	}
}

// exportDocument returns the document of an export in which every field has a value,
// except for the field at the path empty.
func exportDocument(t *testing.T, empty string) string {
	t.Helper()
	stored := fillExport(func(path string, field reflect.Value) {
		if path == empty {
			field.SetZero()
		}
	})
	document, err := json.Marshal(exportFile(stored, time.Unix(0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// fillExport returns an export in which every field has a value and every list one
// element. It calls visit with each text, number, truth value, time and map.
func fillExport(visit func(path string, field reflect.Value)) models.Export {
	var stored models.Export
	fill(reflect.ValueOf(&stored).Elem(), "Export")
	stored.Terms[0].LinkID = stored.ServerLinks[0].ID // the libraries are shown with their link
	walk(reflect.ValueOf(&stored).Elem(), "Export", visit)
	return stored
}

// fill gives a value to everything in v. The value follows from the path.
func fill(v reflect.Value, path string) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2001, 1, 1, 0, 0, len(path), 0, time.UTC)))
	case v.Kind() == reflect.String:
		v.SetString("the value of " + path)
	case v.CanInt():
		v.SetInt(int64(7_000_000 + len(path)))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), path)
	case v.Type() == reflect.TypeFor[[]byte]():
		v.SetBytes([]byte("the value of " + path))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), path)
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), reflect.ValueOf("in a map"))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), path+"."+v.Type().Field(i).Name)
			}
		}
	}
}

// walk calls visit with everything in v that is not a list, a pointer or a struct.
func walk(v reflect.Value, path string, visit func(string, reflect.Value)) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time](), v.Type() == reflect.TypeFor[[]byte]():
		visit(path, v)
	case v.Kind() == reflect.Pointer:
		walk(v.Elem(), path, visit)
	case v.Kind() == reflect.Slice:
		walk(v.Index(0), path, visit)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				walk(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
			}
		}
	default:
		visit(path, v)
	}
}
