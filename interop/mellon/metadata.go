//go:build linux

package main

import "encoding/xml"

// entityID returns the name by which an identity provider calls itself.
func entityID(metadata []byte) string {
	var d struct {
		EntityID string `xml:"entityID,attr"`
	}
	if xml.Unmarshal(metadata, &d) != nil {
		return ""
	}
	return d.EntityID
}
