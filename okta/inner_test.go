package okta

import (
	"reflect"
	"testing"

	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// TestInnerHasEveryField: what is set in a Client reaches the engines, also a field that was
// added later.
func TestInnerHasEveryField(t *testing.T) {
	public, settings := reflect.TypeFor[Client](), reflect.TypeFor[flow.Config]()
	for _, f := range reflect.VisibleFields(public) {
		if !f.IsExported() {
			continue
		}
		if _, known := settings.FieldByName(f.Name); !known {
			t.Errorf("flow.Config has no %s", f.Name)
			continue
		}
		c := &Client{}
		v := reflect.ValueOf(c).Elem().FieldByIndex(f.Index)
		switch f.Type.Kind() {
		case reflect.String:
			v.SetString("x")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int64:
			v.SetInt(1)
		case reflect.Pointer:
			v.Set(reflect.New(f.Type.Elem()))
		case reflect.Func:
			v.Set(reflect.MakeFunc(f.Type, func([]reflect.Value) []reflect.Value { return nil }))
		case reflect.Struct:
			v.FieldByName("Name").SetString("x")
		default:
			continue // an interface: nothing of a kind to put there
		}
		if reflect.ValueOf(c.inner().Config).FieldByName(f.Name).IsZero() {
			t.Errorf("%s is not passed on", f.Name)
		}
	}
}
