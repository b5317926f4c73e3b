// SPDX-License-Identifier: Apache-2.0
using System;

namespace Facewire
{
    /// <summary>Where a server's WebSockets are.</summary>
    public static class ServerAddress
    {
        /// <summary>The address of an endpoint, with the path of a proxy and the token where there are any.</summary>
        /// <param name="server">Such as ws://127.0.0.1:8765 or https://example.org/faces/?token=abc.</param>
        /// <param name="endpoint">face or speak.</param>
        /// <param name="query">Such as audio=1, or "".</param>
        /// <exception cref="ProtocolException">It is no address of a server.</exception>
        public static Uri Of(string server, string endpoint, string query)
        {
            Uri given;
            string scheme = null;
            if (Uri.TryCreate(server, UriKind.Absolute, out given))
            {
                bool plain = given.Scheme == "ws" || given.Scheme == "http";
                scheme = plain ? "ws" : given.Scheme == "wss" || given.Scheme == "https" ? "wss" : null;
            }
            if (scheme == null || given.Host.Length == 0)
            {
                throw new ProtocolException(
                    "'" + WithoutSecrets(server) + "' is not the address of a server; write one like "
                    + "ws://127.0.0.1:8765.", "bad-address");
            }
            string joined = given.Query.TrimStart('?');
            joined += joined.Length > 0 && query.Length > 0 ? "&" + query : query;
            var address = new UriBuilder(scheme, given.Host, given.Port)
            {
                Path = given.AbsolutePath.TrimEnd('/') + "/" + endpoint,
                Query = joined,
            };
            if (given.IsDefaultPort)
            {
                address.Port = scheme == "ws" ? 80 : 443;
            }
            return address.Uri;
        }

        /// <summary>An address without what only its owner should see: the token, a password.</summary>
        public static string WithoutSecrets(string server)
        {
            string shown = server.Split('?')[0];
            int user = shown.IndexOf('@'), host = shown.IndexOf("://", StringComparison.Ordinal) + 3;
            return user > host && host >= 3 ? shown.Substring(0, host) + shown.Substring(user + 1) : shown;
        }
    }
}
