package loginform_test

const idpHost = "idp.example.com"

// login pages in the shapes of the products.
const (
	plainForm = `<form method="post" action="/login"><input name="username"><input type="password" name="password">` +
		`<button>Sign in</button></form>`

	simpleSAML = `<form action="?" method="post" name="f"><input id="submit_button" type="submit" value="Login">` +
		`<input type="text" name="username" autocomplete="username">` +
		`<input type="password" name="password" autocomplete="current-password"><input type="hidden" value="x">` +
		`<input type="hidden" name="AuthState" value="_a:https://x"></form>`

	lemon = `<div class="message" role="status"><span trmsg="9"></span></div><form action="#" method="post" ` +
		`class="login"><input type="hidden" name="url" value=""><input type="hidden" name="timezone">` +
		`<input type="hidden" name="token" value="t1"><input name="user" type="text" required><input ` +
		`name="password" type="password" required>` +
		`<input type="checkbox" name="stayconnected" value="1"><button type="submit">Connect</button></form>`

	keycloak = `<select><option>English</option></select><form id="kc-form-login" ` +
		`action="/realms/r/login-actions/authenticate?session_code=s&amp;tab_id=t" method="post">` +
		`<input id="username" name="username" type="text" autofocus autocomplete="username"><input id="password" ` +
		`name="password" type="password" autocomplete="current-password">` +
		`<input type="checkbox" name="rememberMe"><input type="hidden" name="credentialId"><input name="login" ` +
		`id="kc-login" type="submit" value="Sign In"></form>`

	anotherWay = `<form id="kc-select-try-another-way-form" action="/realms/r/login-actions/authenticate" ` +
		`method="post"><input type="hidden" name="tryAnotherWay" value="on"></form>`

	adfs = `<span id="errorText" role="alert"></span><div>JavaScript required</div><form method="post" ` +
		`id="loginForm" action="https://idp.example.com:443/adfs/ls/?SAMLRequest=abc&amp;RelayState=rs">` +
		`<input id="userNameInput" name="UserName" type="email" autocomplete="off"><input id="passwordInput" ` +
		`name="Password" type="password" autocomplete="off">` +
		`<input type="checkbox" name="Kmsi" value="true"><span id="submitButton" onclick="return ` +
		`Login.submitLoginRequest();">Sign in</span><input type="hidden" name="AuthMethod" ` +
		`value="FormsAuthentication"></form>` +
		`<form id="options" method="post" action="/adfs/ls/"><input type="hidden" name="AuthMethod" value=""><input ` +
		`type="hidden" name="UserName" value=""></form>`

	shibStorage = `<form name="form1" method="post" action="/idp/profile/SAML2/Redirect/SSO?execution=e1s1"><input ` +
		`type="hidden" name="csrf_token" value="c">` +
		`<input type="hidden" name="shib_idp_ls_success.a"><input type="hidden" name="shib_idp_ls_supported"><input ` +
		`type="hidden" name="_eventId_proceed"></form>`

	shibLogin = `<form method="post" action="/idp/profile/SAML2/Redirect/SSO?execution=e1s2"><input type="hidden" ` +
		`name="csrf_token" value="c"><input name="j_username" value=""><input type="password" name="j_password" ` +
		`value="">` +
		`<input type="checkbox" name="donotcache" value="1"><input type="checkbox" name="_shib_idp_revokeConsent" ` +
		`value="true"><button type="submit" name="_eventId_proceed">Login</button>` +
		`<button type="submit" name="_eventId_authn/Duo">Duo</button></form>`

	shibConsent = `<form method="post" action="/idp/profile/SAML2/Redirect/SSO?execution=e1s3"><input type="hidden" ` +
		`name="_shib_idp_consentIds" value="mail"><input type="hidden" name="_shib_idp_consentIds" value="uid">` +
		`<input type="radio" name="_shib_idp_consentOptions" value="_shib_idp_rememberConsent" checked><input ` +
		`type="submit" name="_eventId_AttributeReleaseRejected" value="Reject"><input type="submit" ` +
		`name="_eventId_proceed" value="Accept"></form>`

	ping = `<base href="https://idp.example.com/"><form method="post" action="/idp/x1/resumeSAML20/idp/SSO.ping">` +
		`<input name="pf.username"><input type="password" name="pf.pass">` +
		`<input type="hidden" name="pf.ok" value=""><input type="hidden" name="pf.cancel" value=""><input ` +
		`type="hidden" name="pf.adapterId" value="A"><a onclick="postOk()">Sign On</a></form>` +
		`<form method="post" action="/idp/x1/resumeSAML20/idp/SSO.ping"><input type="hidden" name="pf.cancel" ` +
		`value="clicked"></form>`

	cas = `<form id="fm1" method="post" action="login"><input id="username" name="username" required><input ` +
		`id="password" type="password" name="password" required>` +
		`<input type="hidden" name="execution" value="kilobytes"><input type="hidden" name="_eventId" ` +
		`value="submit"><input type="hidden" name="geolocation"><input type="checkbox" name="rememberMe">` +
		`<button name="submitBtn" accesskey="l" type="submit" value="Login">Login</button></form>` +
		`<form id="providerDiscoveryForm" method="post"><input type="hidden" name="_eventId" value="discovery">` +
		`<input name="username" type="text"></form>`

	f5 = `<form method="post" action="/my.policy"><input type="text" name="username"><input type="password" ` +
		`name="password"><input type="hidden" name="vhost" value="standard"></form>`

	otpForm = `<form id="kc-otp-login-form" action="/otp" method="post"><input type="hidden" ` +
		`name="selectedCredentialId" value="d1"><input name="otp" type="text" autocomplete="one-time-code"><input ` +
		`name="login" type="submit" value="Sign In"></form>`

	passwordUpdate = `<form id="kc-passwd-update-form" action="/update" method="post"><input name="username" ` +
		`value="jdoe" readonly style="display:none"><input type="password" name="password" style="display:none">` +
		`<input type="password" name="password-new" autocomplete="new-password"><input type="password" ` +
		`name="password-confirm" autocomplete="new-password"><input type="submit" value="Submit"></form>`
)
