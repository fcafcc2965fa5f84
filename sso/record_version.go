package sso

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// recordVersion is written into every record. An earlier one is brought up to date
// when it is read, and stored so with the next write. A later one is left alone by
// refusing to work with it: it is never overwritten.
const recordVersion = 2

// migrations bring records up to date, one version at a time: the function at index
// n changes the fields of a record of version n into those of version n+1.
//
// To change the form of a record in a way that older programs or older records
// cannot bear: raise recordVersion, add the function here, and a record of the old
// form to the test. Fields that are only added need no new version.
var migrations = [recordVersion]migration{
	0: unnumbered,
	1: cookiesOnly,
}

type migration func(fields map[string]json.RawMessage) error

// unnumbered is for records from before they had a number, which lack nothing else.
func unnumbered(map[string]json.RawMessage) error { return nil }

// cookiesOnly is for records from before there were other credentials than cookies, and
// other sources than a provider.
func cookiesOnly(fields map[string]json.RawMessage) error {
	if cookies, ok := fields["cookies"]; ok {
		fields["credential"] = cookies
		delete(fields, "cookies")
	}
	source := make(map[string]json.RawMessage)
	for _, name := range []string{"provider", "start_url"} {
		if value, ok := fields[name]; ok {
			source[name] = value
			delete(fields, name)
		}
	}
	if len(source) == 0 {
		return nil
	}
	data, err := json.Marshal(source)
	fields["source"] = data
	return err
}

// upToDate returns the record in data as version len(steps).
func upToDate(data []byte, steps []migration) ([]byte, error) {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil || head.Version < 0 {
		return nil, errUnreadableRecord
	}
	current := len(steps)
	if head.Version > current {
		return nil, &autherr.Error{Kind: ErrConfig, Text: fmt.Sprintf("sso: the stored state has version %d, this program knows %d", head.Version, current),
			Hint: "use the newer ssoexchange that wrote it, or another --state-dir"}
	}
	if head.Version == current {
		return data, nil
	}
	fields := make(map[string]json.RawMessage)
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, errUnreadableRecord
	}
	for v := head.Version; v < current; v++ {
		if err := steps[v](fields); err != nil {
			// What a step says may quote the record.
			return nil, &autherr.Error{Kind: ErrConfig, Text: fmt.Sprintf("sso: the stored state of version %d cannot be brought up to date", v), Hint: errUnreadableRecord.Hint}
		}
		fields["version"] = json.RawMessage(strconv.Itoa(v + 1))
	}
	return json.Marshal(fields)
}

var errUnreadableRecord = &autherr.Error{Kind: ErrConfig, Text: "sso: the stored state cannot be read",
	Hint: "remove it with: ssoexchange logout --local"}
