// Package canon brings what sources wrote into one form: addresses that can be
// compared ([URL]), HTML that can be published ([Cleaner.HTML]), words that
// can be searched and compared ([Text], [Line], [Words]) and bytes in UTF-8
// ([UTF8], [Clean]).
//
// Everything here is pure: no clock, no network, the same in gives the same
// out, and hardly any input is an error.
//
// The room is larger than others because each of its forms is a list of what
// is found in the world, and because the rooms that compare and the
// one that publishes must agree on each.
package canon
