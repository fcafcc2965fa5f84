<?php
// The router of PHP's own web server: it serves SimpleSAMLphp below /simplesaml/, and logs what
// was asked.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
error_log('asked: ' . $_SERVER['REQUEST_METHOD'] . ' ' . $path);
$root = getenv('SIMPLESAMLPHP_WWW') . '/';
if (!preg_match('#^/simplesaml/(.*?\.php)(/.*)?$#', $path, $m) || !is_file($root . $m[1])) {
    http_response_code(404);
    exit;
}
$_SERVER['SCRIPT_NAME'] = '/simplesaml/' . $m[1];
$_SERVER['SCRIPT_FILENAME'] = $root . $m[1];
$_SERVER['PATH_INFO'] = $m[2] ?? '';
$_SERVER['PHP_SELF'] = $_SERVER['SCRIPT_NAME'] . $_SERVER['PATH_INFO'];
chdir(dirname($_SERVER['SCRIPT_FILENAME']));
require $_SERVER['SCRIPT_FILENAME'];
