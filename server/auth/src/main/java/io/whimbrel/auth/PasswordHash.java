package io.whimbrel.auth;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.text.Normalizer;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * What is kept of a password: {@code pbkdf2-sha256$iterations$salt$hash}, salt and hash in base64. Making and checking
 * one costs about 0.2 s of CPU with the default iterations; that is its purpose. Passwords are taken in Unicode's
 * composed form, so that it does not matter how a keyboard made an é. Immutable.
 */
public final class PasswordHash {
    /** OWASP's number for PBKDF2 with HMAC-SHA256. */
    public static final int DEFAULT_ITERATIONS = 600_000;

    public static final int MIN_ITERATIONS = 1_000;
    /** More would hold up everybody else who logs in. */
    public static final int MAX_ITERATIONS = 10_000_000;

    public static final int MAX_PASSWORD_LENGTH = 1_024;

    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 32;
    private static final Pattern FORM =
            Pattern.compile("pbkdf2-sha256\\$([0-9]{1,9})\\$([A-Za-z0-9+/]{11,86}={0,2})\\$([A-Za-z0-9+/]{43}=?)");

    private final int iterations;
    private final byte[] salt;
    private final byte[] hash;

    PasswordHash(int iterations, byte[] salt, byte[] hash) {
        if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
            throw new IllegalArgumentException(
                    "%d iterations; it may be %d to %d".formatted(iterations, MIN_ITERATIONS, MAX_ITERATIONS));
        }
        if (hash.length != HASH_BYTES) {
            throw new IllegalArgumentException("a hash of %d bytes; it has %d".formatted(hash.length, HASH_BYTES));
        }
        this.iterations = iterations;
        this.salt = salt.clone();
        this.hash = hash.clone();
    }

    public static PasswordHash of(String password) {
        return of(password, DEFAULT_ITERATIONS);
    }

    public static PasswordHash of(String password, int iterations) {
        if (password.isEmpty() || password.length() > MAX_PASSWORD_LENGTH) {
            throw new IllegalArgumentException("a password of %d characters; it may have 1 to %d"
                    .formatted(password.length(), MAX_PASSWORD_LENGTH));
        }
        byte[] salt = new byte[SALT_BYTES];
        new SecureRandom().nextBytes(salt);
        return new PasswordHash(iterations, salt, derive(password, salt, iterations));
    }

    /** Reads what {@link #toString} writes; anything else is an {@link IllegalArgumentException} that quotes nothing. */
    public static PasswordHash parse(String text) {
        Matcher parts = FORM.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("not of the form pbkdf2-sha256$iterations$salt$hash");
        }
        Base64.Decoder base64 = Base64.getDecoder();
        return new PasswordHash(
                Integer.parseInt(parts.group(1)), base64.decode(parts.group(2)), base64.decode(parts.group(3)));
    }

    /** Takes the same time whether it matches or not. */
    public boolean matches(String password) {
        return !password.isEmpty() && MessageDigest.isEqual(hash, derive(password, salt, iterations));
    }

    /** The form of the users file. */
    @Override
    public String toString() {
        Base64.Encoder base64 = Base64.getEncoder().withoutPadding();
        return "pbkdf2-sha256$%d$%s$%s".formatted(iterations, base64.encodeToString(salt), base64.encodeToString(hash));
    }

    private static byte[] derive(String password, byte[] salt, int iterations) {
        char[] composed = Normalizer.normalize(password, Normalizer.Form.NFC).toCharArray();
        PBEKeySpec spec = new PBEKeySpec(composed, salt, iterations, HASH_BYTES * Byte.SIZE);
        try {
            return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                    .generateSecret(spec)
                    .getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has PBKDF2WithHmacSHA256", e);
        } finally {
            spec.clearPassword();
        }
    }
}
