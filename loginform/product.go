package loginform

import "strings"

// product is what is known of an identity provider beyond what its pages say. Every field
// is a hint; the engine gets by without it.
type product struct {
	name       string
	userFields []string // lower case; further names of the user's field
	codeFields []string // lower case; further names of the code's field

	// pushForms are values, in lower case, of a hidden field AuthMethod whose form is posted
	// again and again until a telephone answers.
	pushForms []string

	domain string // "\\": a Domain without a dot goes before the user name, with it between; "": after it, with "@"
	logout string // path of a page that ends the session when it is opened; "": none
	root   string // first part of logout, which LoginURL's path may have behind others
	begin  string // where a sign-in can begin without the service provider, for a hint
}

// products are the values of Client.Product. The first has no hints.
var products = []product{
	{name: "SAML"},
	{name: "ADFS", domain: `\`, logout: "/adfs/ls/?wa=wsignout1.0", root: "/adfs",
		codeFields: []string{"challengequestionanswer", "security_code"},
		pushForms:  []string{"azuremfaauthentication", "azuremfaserverauthentication"},
		begin:      "https://HOST/adfs/ls/idpinitiatedsignon.aspx?loginToRp=ENTITY-ID-OF-THE-SP"},
	{name: "Keycloak", begin: "https://HOST/realms/REALM/protocol/saml/clients/NAME"},
	{name: "Shibboleth", logout: "/idp/profile/Logout", root: "/idp",
		begin: "https://HOST/idp/profile/SAML2/Unsolicited/SSO?providerId=ENTITY-ID-OF-THE-SP"},
	{name: "SimpleSAMLphp", begin: "https://HOST/simplesaml/saml2/idp/SSOService.php?spentityid=ENTITY-ID-OF-THE-SP"},
	{name: "LemonLDAP", logout: "/?logout=1", root: "/saml",
		begin: "https://HOST/saml/singleSignOn?IDPInitiated=1&sp=ENTITY-ID-OF-THE-SP"},
	{name: "PingFederate", userFields: []string{"pf.username", "subject"},
		begin: "https://HOST/idp/startSSO.ping?PartnerSpId=ENTITY-ID-OF-THE-SP"},
	{name: "CAS", codeFields: []string{"token"}, logout: "/cas/logout", root: "/cas",
		begin: "https://HOST/cas/idp/profile/SAML2/Unsolicited/SSO?providerId=ENTITY-ID-OF-THE-SP"},
}

// Products returns the values of [Client.Product]; the first is that of any other product.
func Products() []string {
	names := make([]string, len(products))
	for i, p := range products {
		names[i] = p.name
	}
	return names
}

// BeginHint returns the pattern of the addresses at which a sign-in at a product can begin
// without the service provider, "" if none is known.
func BeginHint(name string) string { return productNamed(name).begin }

func productNamed(name string) product {
	for _, p := range products {
		if strings.EqualFold(p.name, name) {
			return p
		}
	}
	return products[0]
}
