package io.whimbrel.web;

import io.whimbrel.auth.TokenVerdict.Expired;
import io.whimbrel.auth.TokenVerdict.Invalid;
import io.whimbrel.auth.TokenVerdict.Unavailable;
import io.whimbrel.auth.TokenVerdict.Valid;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.model.Address;
import io.whimbrel.model.ClientError;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who publishes. A client shows its token, in {@code uuid_local} or as a Bearer beside its address; a backend
 * shows an API key and may then name anybody, or nobody. Every way to be wrong ends in a {@link Refusal}. Safe for any
 * thread.
 */
final class Senders {
    private static final String API_KEY_HEADER = "X-API-Key";

    private final TokenVerifier verifier;
    private final ApiKeys apiKeys;

    Senders(TokenVerifier verifier, ApiKeys apiKeys) {
        this.verifier = verifier;
        this.apiKeys = apiKeys;
    }

    /**
     * Who publishes.
     *
     * @param address null where a backend named nobody
     * @param backend whether it came with an API key, and so is trusted to keep its own pace
     */
    record Sender(@Nullable Address address, boolean backend) {}

    void identify(Exchange exchange, @Nullable String uuidLocal, Consumer<Sender> onSender) {
        String apiKey = exchange.header(API_KEY_HEADER);
        if (apiKey == null) {
            identifyClient(exchange, uuidLocal, address -> onSender.accept(new Sender(address, false)));
        } else if (apiKeys.contain(apiKey)) {
            identifyNamed(exchange, uuidLocal, onSender);
        } else {
            throw new Refusal(Problem.unproven("The " + API_KEY_HEADER + " is none of this server's"));
        }
    }

    /** Tells senders apart for good, and holds no secret: the API key of a backend is in it as a digest. */
    static String identity(Exchange exchange, Sender sender) {
        String apiKey = exchange.header(API_KEY_HEADER);
        if (!sender.backend() || apiKey == null) {
            return "client " + sender.address();
        }
        return "backend " + HexFormat.of().formatHex(ApiKeys.digest(apiKey)) + ' ' + sender.address();
    }

    /** Who reads, by an API key or a Bearer alone. */
    void identifyReader(Exchange exchange, Consumer<Sender> onReader) {
        String bearer = exchange.bearer();
        if (exchange.header(API_KEY_HEADER) != null) {
            identify(exchange, null, onReader);
        } else if (bearer == null) {
            throw new Refusal(Problem.unproven("Show your token as Authorization: Bearer, or an " + API_KEY_HEADER));
        } else {
            verify(exchange, bearer, "The Bearer", address -> onReader.accept(new Sender(address, false)));
        }
    }

    /** Lets nobody pass but backends. */
    void requireBackend(Exchange exchange) {
        String apiKey = exchange.header(API_KEY_HEADER);
        if (apiKey == null || !apiKeys.contain(apiKey)) {
            throw new Refusal(Problem.unproven("This takes an " + API_KEY_HEADER + " of this server"));
        }
    }

    private void identifyClient(Exchange exchange, @Nullable String uuidLocal, Consumer<Address> onAddress) {
        if (uuidLocal == null) {
            throw new Refusal(Problem.unproven("uuid_local is missing: it says who sends"));
        }
        String bearer = exchange.bearer();
        Optional<Address> named = Address.parse(uuidLocal);
        if (named.isEmpty()) {
            verify(exchange, uuidLocal, "uuid_local", owner -> {
                if (bearer == null || bearer.equals(uuidLocal)) {
                    onAddress.accept(owner);
                } else {
                    requireBearerOf(owner, exchange, bearer, onAddress);
                }
            });
        } else if (bearer == null) {
            throw new Refusal(Problem.unproven(
                    "uuid_local is an address: prove that it is yours by Authorization: Bearer with your token"));
        } else {
            requireBearerOf(named.get(), exchange, bearer, onAddress);
        }
    }

    private void requireBearerOf(Address named, Exchange exchange, String bearer, Consumer<Address> onAddress) {
        verify(exchange, bearer, "The Bearer", owner -> {
            if (!owner.equals(named)) {
                throw new Refusal(
                        Problem.of(ClientError.FORBIDDEN_SENDER, "The Bearer's token is not that of uuid_local"));
            }
            onAddress.accept(owner);
        });
    }

    /** For who may name anybody. */
    private void identifyNamed(Exchange exchange, @Nullable String uuidLocal, Consumer<Sender> onSender) {
        if (uuidLocal == null) {
            onSender.accept(new Sender(null, true));
            return;
        }
        Consumer<Address> onAddress = address -> onSender.accept(new Sender(address, true));
        Address.parse(uuidLocal).ifPresentOrElse(onAddress, () -> verify(exchange, uuidLocal, "uuid_local", onAddress));
    }

    private void verify(Exchange exchange, String token, String where, Consumer<Address> onOwner) {
        exchange.await(verifier.verify(token), verdict -> {
            switch (verdict) {
                case Valid valid -> onOwner.accept(valid.address());
                case Expired _ ->
                    throw new Refusal(Problem.badToken(where + " holds a token that is expired: get a new one"));
                case Invalid _ -> throw new Refusal(Problem.badToken(where + " is not a token of this server"));
                case Unavailable _ -> throw new Refusal(Problem.unavailable("Tokens cannot be verified at the moment"));
            }
        });
    }
}
