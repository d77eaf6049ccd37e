using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Relay.Grains.Directory;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using static Relay.Silo.Tests.Ledger.UsageEntries;

namespace Relay.Silo.Tests.Keys;

/// <summary>What every database's directory does. A database joins with a class that gives it an empty directory and ledger.</summary>
public abstract class KeyDirectoryContract
{
    /// <summary>The directory under test, empty at first.</summary>
    protected abstract IKeyDirectory Directory { get; }

    /// <summary>The ledger of the same database.</summary>
    protected abstract IUsageLedger Ledger { get; }

    /// <summary>The owners of the same database.</summary>
    protected abstract IKeyOwners Owners { get; }

    [SkippableFact]
    public async Task Insert_EveryField_ReadsBackTheSame()
    {
        var settings = Settings("key_0000000000000001", "ann") with
        {
            Models = ["gpt-4o*", "o'3 \"mini\" \U0001F680", .. Enumerable.Range(0, 500).Select(n => $"model-{n}")],
            Limits = Enumerable.Range(0, 12)
                .Select(n => new Limit(Metric.OutputTokens, Window.Week, n + (1L << 40), n % 2 == 0 ? null : $"m{n}"))
                .ToImmutableArray(),
            ExpiresAt = Noon.AddDays(1).AddMilliseconds(3),
            RevokedAt = Noon.AddDays(2),
            Previous = new PreviousSecret(new KeyHash(SHA256.HashData("before"u8)), Noon.AddHours(3).AddMilliseconds(7)),
        };

        await Directory.InsertAsync(settings, default);

        AssertEqual(settings, await Directory.FindAsync(settings.Id, default));
    }

    [SkippableFact]
    public async Task Insert_IdThatIsTaken_ThrowsAndChangesNothing()
    {
        var settings = Settings("key_0000000000000001", "ann") with { Limits = [new Limit(Metric.Requests, Window.Day, 1)] };
        await Directory.InsertAsync(settings, default);

        await Assert.ThrowsAnyAsync<Exception>(() => Directory.InsertAsync(
            settings with { User = "bob", Limits = [new Limit(Metric.Requests, Window.Day, 2), new Limit(Metric.Tokens, Window.Day, 2)] },
            default));

        AssertEqual(settings, await Directory.FindAsync(settings.Id, default));
        Assert.False(await Directory.UserExistsAsync("bob", default));
    }

    [SkippableFact]
    public async Task Find_UnknownId_IsNull() => Assert.Null(await Directory.FindAsync("key_0000000000000001", default));

    [SkippableTheory]
    [InlineData("O'Brien \"x\"; DROP TABLE api_keys; --")]
    [InlineData("\U0001F680 \u00E9 %_")]
    public async Task Insert_AnyText_ReadsBackTheSame(string text)
    {
        var settings = Settings("key_0000000000000001", text) with { Name = text, Models = [text] };

        await Directory.InsertAsync(settings, default);

        AssertEqual(settings, await Directory.FindAsync(settings.Id, default));
        Assert.True(await Directory.UserExistsAsync(text, default));
    }

    [SkippableFact]
    public async Task Insert_NulCharacter_IsReplacedAndTheUserStillFound()
    {
        await Directory.InsertAsync(Settings("key_0000000000000001", "a\0b") with { Models = ["m\0"] }, default);

        var settings = await Directory.FindAsync("key_0000000000000001", default);
        Assert.Equal("a\uFFFDb", settings!.User);
        Assert.Equal("m\uFFFD", Assert.Single(settings.Models));
        Assert.True(await Directory.UserExistsAsync("a\0b", default));
    }

    [SkippableFact]
    public async Task Revoke_Twice_KeepsTheFirstTime()
    {
        await Directory.InsertAsync(Settings("key_0000000000000001", "ann"), default);
        await Directory.InsertAsync(Settings("key_0000000000000002", "ann"), default);

        var owner = (await Owners.ClaimAsync("key_0000000000000001", "a0000000000000000000000000000000", default)).Claim;

        await Directory.RevokeAsync(owner, Noon.AddHours(1), default);
        await Directory.RevokeAsync(owner, Noon.AddHours(2), default);

        Assert.Equal(Noon.AddHours(1), (await Directory.FindAsync("key_0000000000000001", default))!.RevokedAt);
        Assert.Null((await Directory.FindAsync("key_0000000000000002", default))!.RevokedAt);
    }

    [SkippableFact]
    public async Task Update_EverySetting_IsWrittenAndNoOtherKeyIs()
    {
        var before = Settings("key_0000000000000001", "ann") with
        {
            Models = ["gpt-4o*"],
            Limits = [new Limit(Metric.Requests, Window.Day, 5), new Limit(Metric.Tokens, Window.Day, 5), new Limit(Metric.Tokens, Window.Total, 5)],
        };
        var other = before with { Id = "key_0000000000000002" };
        await Directory.InsertAsync(before, default);
        await Directory.InsertAsync(other, default);
        var owner = (await Owners.ClaimAsync(before.Id, "a0000000000000000000000000000000", default)).Claim;
        var after = before with
        {
            Name = "desk",
            User = "bob",
            Hash = new KeyHash(SHA256.HashData("another"u8)),
            Hint = "sk-relay-…abcd",
            Models = ["o3", "o1"],
            Limits = [new Limit(Metric.Tokens, Window.Week, 1L << 40, "o3"), new Limit(Metric.Requests, Window.Day, 5)],
            ExpiresAt = Noon.AddDays(1),
            Previous = new PreviousSecret(before.Hash, Noon.AddHours(1)),
        };

        await Directory.UpdateAsync(owner, after, default);
        AssertEqual(after, await Directory.FindAsync(before.Id, default));

        var bare = after with { Models = [], Limits = [], ExpiresAt = null, Previous = null };
        await Directory.UpdateAsync(owner, bare, default);
        AssertEqual(bare, await Directory.FindAsync(before.Id, default));
        AssertEqual(other, await Directory.FindAsync(other.Id, default));
        Assert.Empty((await Directory.ListAsync(null, 1, default))[0].Settings.Limits);
    }

    [SkippableFact]
    public async Task Update_KeyThatAnotherHasClaimed_ThrowsAndWritesNothing()
    {
        var settings = Settings("key_0000000000000001", "ann") with { Limits = [new Limit(Metric.Requests, Window.Day, 5)] };
        await Directory.InsertAsync(settings, default);
        var owner = (await Owners.ClaimAsync(settings.Id, "a0000000000000000000000000000000", default)).Claim;
        await Owners.ClaimAsync(settings.Id, "b0000000000000000000000000000000", default);

        await Assert.ThrowsAsync<ClaimLostException>(
            () => Directory.UpdateAsync(owner, settings with { User = "bob", Limits = [] }, default));

        AssertEqual(settings, await Directory.FindAsync(settings.Id, default));
    }

    [SkippableFact]
    public async Task UserExists_KeyMovedAway_IsTrueWhileThereIsUsage()
    {
        foreach (var (id, user) in new[] { ("key_0000000000000001", "ann"), ("key_0000000000000002", "unused") })
        {
            await Directory.InsertAsync(Settings(id, user), default);
            var owner = (await Owners.ClaimAsync(id, "a0000000000000000000000000000000", default)).Claim;
            await Directory.UpdateAsync(owner, Settings(id, "bob"), default);
        }

        await Ledger.AppendAsync([Entry("key_0000000000000001", 1, user: "ann")], default);

        Assert.True(await Directory.UserExistsAsync("ann", default));
        Assert.True(await Directory.UserExistsAsync("bob", default));
        Assert.False(await Directory.UserExistsAsync("unused", default));
    }

    [SkippableFact]
    public async Task UserExists_OnlyRevokedKeys_IsTrue()
    {
        await Directory.InsertAsync(Settings("key_0000000000000001", "ann") with { RevokedAt = Noon }, default);

        Assert.True(await Directory.UserExistsAsync("ann", default));
        Assert.False(await Directory.UserExistsAsync("Ann", default));
        Assert.False(await Directory.UserExistsAsync("", default));
    }

    [SkippableFact]
    public async Task List_PageByPage_AnswersEveryKeyOnceInOrder()
    {
        string[] ids = ["key_b000000000000000", "key_a000000000000000", "key_0000000000000000", "key_z000000000000000", "key_9000000000000000"];
        foreach (var id in ids)
        {
            await Directory.InsertAsync(
                Settings(id, "ann") with { Limits = [new Limit(Metric.Tokens, Window.Day, id[4]), new Limit(Metric.Requests, Window.Total, 0)] },
                default);
        }

        var listed = new List<KeyInfo>();
        string? after = null;
        while (await Directory.ListAsync(after, 2, default) is [.., var last] page)
        {
            Assert.InRange(page.Count, 1, 2);
            listed.AddRange(page);
            after = last.Settings.Id;
        }

        Assert.Equal(ids.Order(StringComparer.Ordinal), listed.Select(key => key.Settings.Id), StringComparer.Ordinal);
        Assert.All(listed, key => Assert.Equal(
            [new Limit(Metric.Tokens, Window.Day, key.Settings.Id[4]), new Limit(Metric.Requests, Window.Total, 0)],
            key.Settings.Limits.ToArray()));
    }

    [SkippableFact]
    public async Task List_KeysWithEntries_TellsWhenEachWasLastUsed()
    {
        await Directory.InsertAsync(Settings("key_0000000000000001", "ann"), default);
        await Directory.InsertAsync(Settings("key_0000000000000002", "bob"), default);
        await Directory.InsertAsync(Settings("key_0000000000000003", "cid"), default);
        await Ledger.AppendAsync(
            [
                Entry("key_0000000000000001", 1, reservedAt: Noon),
                Entry("key_0000000000000001", 2, reservedAt: Noon.AddHours(1)),
                Entry("key_0000000000000003", 1, reservedAt: Noon.AddHours(2)),
            ],
            default);

        Assert.Equal(
            [Noon.AddHours(1), null, Noon.AddHours(2)],
            (await Directory.ListAsync(null, 10, default)).Select(key => key.LastUsedAt));
    }

    internal static KeySettings Settings(string id, string user) => new()
    {
        Id = id,
        Name = "laptop",
        User = user,
        Hash = new KeyHash(SHA256.HashData(Encoding.UTF8.GetBytes(id))),
        Hint = "sk-relay-…wxyz",
        CreatedAt = Noon,
    };

    // A record compares its immutable arrays by reference, so they are compared by their items and then taken out.
    private static void AssertEqual(KeySettings expected, KeySettings? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.Models.AsEnumerable(), actual.Models, StringComparer.Ordinal);
        Assert.Equal(expected.Limits.ToArray(), actual.Limits.ToArray());
        Assert.Equal(expected with { Models = [], Limits = [] }, actual with { Models = [], Limits = [] });
    }
}
