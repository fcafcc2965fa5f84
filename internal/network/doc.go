// Package network makes the connections of one Client, as a [config.Config] wants them: whom to
// trust and which certificate to show, which proxy to use, and connections that are made before a
// request needs them.
//
// Nothing that a server sends reaches the standard logger or an error text: net/http prints what it
// finds on an idle connection, so HTTP/1 connections never give it a byte too many.
package network
