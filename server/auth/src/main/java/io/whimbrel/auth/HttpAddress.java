package io.whimbrel.auth;

import java.net.URI;
import java.net.URISyntaxException;

/** Checks settings that are addresses of HTTP servers. */
final class HttpAddress {
    private HttpAddress() {}

    /** Refuses user names and passwords in it too, since addresses are logged. */
    static void require(String setting, String url) {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("%s is no address: %s".formatted(setting, e.getReason()), e);
        }
        boolean http = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
        if (uri.getRawUserInfo() != null) {
            throw new IllegalArgumentException(setting + " may not hold a user name or password");
        }
        if (!http || uri.getHost() == null || uri.getHost().isEmpty() || uri.getPort() > 65_535) {
            throw new IllegalArgumentException(
                    "%s is '%s'; it must begin with http:// or https:// and a host".formatted(setting, url));
        }
    }
}
