package handlers

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
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
		terms   = "it stands with its link, and this test fills links and terms with different ids"
		notYet  = "openapi.yaml has no member for it yet"
	)
	return map[string]string{
		"Export.Sessions.AccountID": account, "Export.Sessions.Username": account, "Export.Sessions.DisplayName": account,
		"Export.Sessions.Locale": account, "Export.Sessions.Icon": "pages choose it from the name of the device",
		"Export.ServerLinks.AccountID": account, "Export.ServerLinks.Username": account, "Export.ServerLinks.DisplayName": account,
		"Export.Quick.AccountID": account, "Export.Proofs.AccountID": account, "Export.Proofs.Username": account,
		"Export.Servers.Server.OwnerID": owner, "Export.Invites.OwnerID": owner,
		"Export.Servers.Server.OwnName":   "the name is this one, and the reported name stands beside it",
		"Export.Servers.Server.ChangeSeq": inner, "Export.Servers.Server.AckedSeq": inner, "Export.Servers.Server.ReportHash": inner,
		"Export.Servers.Server.KeyVersion": inner, "Export.Servers.Server.KeyExpiresAt": inner, "Export.Servers.Addresses.ID": inner,
		"Export.ServerLinks.AccessKey": secret, "Export.Quick.Code": secret, "Export.Proofs.Code": secret, "Export.Proofs.URL": secret,
		"Export.ServerLinks.ServerKind": link, "Export.ServerLinks.SystemID": link, "Export.ServerLinks.OwnerUsername": link,
		"Export.Terms.LinkID": terms, "Export.Terms.Libraries.ExternalID": terms, "Export.Terms.Libraries.Name": terms,
		"Export.Quick.LinkID": "the server is named", "Export.Quick.ServerName": "the server is named by its id",
		"Export.Invites.AnsweredAt": notYet, "Export.Invites.AnsweredBy": notYet,
	}
}

// What models read for a person's export reaches the document: each field is filled
// with a value of its own, and each value is looked for.
func TestExportShowsEveryField(t *testing.T) {
	t.Parallel()
	var stored models.Export
	values := map[string]string{}
	fill(reflect.ValueOf(&stored).Elem(), "Export", values)
	document, err := json.Marshal(exportFile(stored, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	reasons := withoutExport()
	for path, value := range values {
		shown := strings.Contains(string(document), value)
		_, excused := reasons[path]
		switch {
		case shown && excused:
			t.Errorf("the export shows models.%s: remove its row from withoutExport in handlers/api_export_values_test.go", path)
		case !shown && !excused:
			t.Errorf("the export does not show models.%s: add it to handlers/api_export.go and handlers/openapi.yaml; "+
				"or say in withoutExport, in handlers/api_export_values_test.go, why not", path)
		}
		delete(reasons, path)
	}
	for path := range reasons {
		t.Errorf("there is no field models.%s: remove its row from withoutExport in handlers/api_export_values_test.go", path)
	}
}

// fill gives every text, number and time below v a value of its own, and writes down
// how a document shows it. A list gets one element.
func fill(v reflect.Value, path string, values map[string]string) {
	next := len(values) + 1
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		at := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, next)
		v.Set(reflect.ValueOf(at))
		values[path] = at.Format("2006-01-02")
	case v.Kind() == reflect.String:
		values[path] = fmt.Sprintf("value-%d-", next)
		v.SetString(values[path])
	case v.Kind() == reflect.Int64:
		v.SetInt(int64(7_000_000 + next))
		values[path] = fmt.Sprint(7_000_000 + next)
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), path, values)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), path, values)
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), reflect.ValueOf("in a map"))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), path+"."+v.Type().Field(i).Name, values)
			}
		}
	}
}
