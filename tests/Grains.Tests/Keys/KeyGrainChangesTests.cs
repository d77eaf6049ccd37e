using Relay.Grains.Admission;
using Relay.Grains.Keys;
using Relay.Grains.Quotas;

namespace Relay.Grains.Tests.Keys;

/// <summary>Changes of a key's settings and secrets. The clock is moved here, so that this cluster is shared with no other tests.</summary>
public sealed class KeyGrainChangesTests(KeyCluster cluster) : IClassFixture<KeyCluster>
{
    [Fact]
    public async Task Update_LimitLowered_RefusesTheVeryNextCall()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Requests, Window.Total, 10));
        await cluster.ReserveAsync(id);
        var call = await cluster.ReserveAsync(id);

        var info = await cluster.Key(id).UpdateAsync(new KeyPatch { Limits = [new Limit(Metric.Requests, Window.Total, 2)] });

        Assert.Equal(2, Assert.Single(info!.Settings.Limits).Amount);
        var refusal = (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!;
        Assert.Equal(RefusalKind.LimitReached, refusal.Kind);
        Assert.Equal((2, 2), (refusal.Limit!.Limit.Amount, refusal.Limit.Held));

        // The calls that run keep their holds, and what was used stays used.
        await cluster.SettleAsync(id, call);
        Assert.Equal((1, 1, 0), await StateAsync(id));
        await cluster.Key(id).UpdateAsync(new KeyPatch { Limits = [new Limit(Metric.Requests, Window.Total, 3)] });
        Assert.Equal((1, 1, 1), await StateAsync(id));
    }

    [Fact]
    public async Task Update_SomeMembers_LeavesTheOthers()
    {
        var id = KeyCluster.NewId();
        var before = cluster.Settings(id) with
        {
            Models = ["gpt-4o*"],
            Limits = [new Limit(Metric.Tokens, Window.Day, 5)],
            ExpiresAt = cluster.Time.GetUtcNow().AddDays(1),
        };
        await cluster.Key(id).CreateAsync(before);

        Assert.Equal(before with { Name = "desk" }, await ChangedAsync(id, before, new KeyPatch { Name = "desk" }));
        Assert.Equal(before with { Name = "ann" }, await ChangedAsync(id, before, new KeyPatch { Name = "" }));
        Assert.Equal(
            before with { Name = "ann", ExpiresAt = null }, await ChangedAsync(id, before, new KeyPatch { SetsExpiry = true }));
        Assert.Equal(
            before with { Name = "ann", ExpiresAt = null, User = "bob" }, await ChangedAsync(id, before, new KeyPatch { User = "bob" }));

        var bare = (await cluster.Key(id).UpdateAsync(new KeyPatch { Models = [], Limits = [] }))!.Settings;
        Assert.Empty(bare.Models);
        Assert.Empty(bare.Limits);
        Assert.Null((await cluster.Key(id).ReserveAsync(cluster.Request(id, "o1"))).Refusal);
    }

    [Fact]
    public async Task Update_ManyAtOnce_LosesNone()
    {
        var id = await cluster.CreateAsync();

        await Task.WhenAll(
            cluster.Key(id).UpdateAsync(new KeyPatch { Name = "desk" }),
            cluster.Key(id).UpdateAsync(new KeyPatch { User = "bob" }),
            cluster.Key(id).UpdateAsync(new KeyPatch { Models = ["o1"] }),
            cluster.Key(id).RotateAsync(new KeyRotation(KeyCluster.HashOf("new"), "sk-relay-…abcd", TimeSpan.FromHours(1))),
            cluster.Key(id).UpdateAsync(new KeyPatch { Limits = [new Limit(Metric.Requests, Window.Day, 1)] }));

        var stored = (await cluster.Directory.FindAsync(id, CancellationToken.None))!;
        Assert.Equal(("desk", "bob", "sk-relay-…abcd", 1, 1), (stored.Name, stored.User, stored.Hint, stored.Models.Length, stored.Limits.Length));
        Assert.Equal(stored, (await cluster.Key(id).GetAsync())!.Settings with { Models = stored.Models, Limits = stored.Limits });
    }

    [Fact]
    public async Task Update_WhileItIsRevoked_NeverBringsTheKeyBack()
    {
        for (var round = 0; round < 10; round++)
        {
            var id = await cluster.CreateAsync();

            await Task.WhenAll(
                cluster.Key(id).UpdateAsync(new KeyPatch { Name = "one" }),
                cluster.Key(id).RevokeAsync(),
                cluster.Key(id).UpdateAsync(new KeyPatch { Name = "other" }));

            Assert.NotNull((await cluster.Directory.FindAsync(id, CancellationToken.None))!.RevokedAt);
            Assert.Equal(RefusalKind.RevokedKey, (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!.Kind);
        }
    }

    [Fact]
    public async Task UpdateAndRotate_RevokedOrUnknownKey_ChangeNothing()
    {
        var id = await cluster.CreateAsync();
        await cluster.Key(id).RevokeAsync();
        var rotation = new KeyRotation(KeyCluster.HashOf("new"), "sk-relay-…abcd", TimeSpan.Zero);

        var updated = await cluster.Key(id).UpdateAsync(new KeyPatch { Name = "desk", SetsExpiry = true });
        var rotated = await cluster.Key(id).RotateAsync(rotation);

        Assert.Equal("test", updated!.Settings.Name);
        Assert.NotNull(updated.Settings.RevokedAt);
        Assert.Equal(KeyCluster.HashOf(id), rotated!.Settings.Hash);
        Assert.Null(await cluster.Key(KeyCluster.NewId()).UpdateAsync(new KeyPatch { Name = "desk" }));
        Assert.Null(await cluster.Key(KeyCluster.NewId()).RotateAsync(rotation));
    }

    [Fact]
    public async Task Update_OutcomeUnknown_IsReadBackFromTheDirectory()
    {
        var id = await cluster.CreateAsync();
        cluster.Directory.FailAfterWriting(1);

        await Assert.ThrowsAsync<IOException>(() => cluster.Key(id).UpdateAsync(new KeyPatch { Models = ["o1"] }));

        var waiting = (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!;
        Assert.Equal(RefusalKind.OwnerChanging, waiting.Kind);
        cluster.Time.Advance(waiting.RetryAfter!.Value);
        Assert.Equal(RefusalKind.ModelNotAllowed, (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!.Kind);
    }

    [Fact]
    public async Task Update_ExpiryPassed_RefusesUntilItIsMovedOn()
    {
        var id = await cluster.CreateAsync();
        await cluster.Key(id).UpdateAsync(new KeyPatch { SetsExpiry = true, ExpiresAt = cluster.Time.GetUtcNow().AddSeconds(10) });

        Assert.Equal(KeyStatus.Active, await StatusAsync(id, id));
        cluster.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(RefusalKind.ExpiredKey, (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!.Kind);
        await cluster.Key(id).UpdateAsync(new KeyPatch { SetsExpiry = true });
        Assert.Null((await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal);
    }

    [Fact]
    public async Task Update_User_CountsForTheNewOneFromThenOn()
    {
        var id = await cluster.CreateAsync();
        var before = await cluster.ReserveAsync(id);
        await cluster.SettleAsync(id, before);
        await cluster.Key(id).UpdateAsync(new KeyPatch { User = "bob" });
        var after = await cluster.ReserveAsync(id);
        await cluster.SettleAsync(id, after);
        await cluster.SettleAsync(id, before);

        Assert.Equal("ann", Assert.Single(await cluster.Ledger.FindAsync(before.RequestId, CancellationToken.None)).User);
        Assert.Equal("bob", Assert.Single(await cluster.Ledger.FindAsync(after.RequestId, CancellationToken.None)).User);
        Assert.Equal(2, (await cluster.TotalsAsync(id)).Requests);
    }

    [Fact]
    public async Task Create_AgainWhileTheFirstIsWritten_WaitsForIt()
    {
        var settings = cluster.Settings(KeyCluster.NewId());
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Directory.BeforeInserting = () =>
        {
            started.TrySetResult();
            return written.Task;
        };
        var first = cluster.Key(settings.Id).CreateAsync(settings);
        await started.Task;
        var again = cluster.Key(settings.Id).CreateAsync(settings);
        var other = cluster.Key(settings.Id).CreateAsync(settings with { Hash = KeyCluster.HashOf("another") });

        written.SetResult();
        cluster.Directory.BeforeInserting = static () => Task.CompletedTask;

        await Task.WhenAll(first, again);
        await Assert.ThrowsAsync<InvalidOperationException>(() => other);
        await cluster.ReserveAsync(settings.Id);
    }

    [Fact]
    public async Task Create_WrittenByATryBefore_HasMadeTheKey()
    {
        // At this activation, whose answer was lost; and by another one, after this one has looked for the key.
        var lost = cluster.Settings(KeyCluster.NewId());
        cluster.Directory.FailAfterWriting(1);
        await cluster.Key(lost.Id).CreateAsync(lost);

        var elsewhere = cluster.Settings(KeyCluster.NewId());
        Assert.Null(await cluster.Key(elsewhere.Id).GetAsync());
        cluster.Directory.BeforeInserting = () =>
        {
            cluster.Directory.BeforeInserting = static () => Task.CompletedTask;
            return cluster.Directory.InsertAsync(elsewhere, CancellationToken.None);
        };
        await cluster.Key(elsewhere.Id).CreateAsync(elsewhere);

        Assert.Equal("test", (await cluster.Key(lost.Id).GetAsync())!.Settings.Name);
        Assert.Equal("test", (await cluster.Key(elsewhere.Id).GetAsync())!.Settings.Name);
    }

    [Fact]
    public async Task Rotate_WithoutOverlap_EndsTheOldSecretAtOnce()
    {
        var id = await cluster.CreateAsync();

        var info = await RotateAsync(id, "new", seconds: 0);

        Assert.Equal("sk-relay-…new", info!.Settings.Hint);
        Assert.Equal(KeyStatus.Unknown, await StatusAsync(id, id));
        Assert.Equal(KeyStatus.Active, await StatusAsync(id, "new"));
        Assert.Equal(RefusalKind.UnknownKey, (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!.Kind);
    }

    [Fact]
    public async Task Rotate_WithOverlap_TakesBothSecretsUntilItIsOver()
    {
        var id = await cluster.CreateAsync();

        await RotateAsync(id, "new", seconds: 60);
        await cluster.RestartAsync(id);
        cluster.Time.Advance(TimeSpan.FromSeconds(60) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(KeyStatus.Active, await StatusAsync(id, id));
        Assert.Equal(KeyStatus.Active, await StatusAsync(id, "new"));
        Assert.Equal(KeyStatus.Unknown, await StatusAsync(id, "wrong"));

        cluster.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(KeyStatus.Unknown, await StatusAsync(id, id));
        Assert.Equal(KeyStatus.Active, await StatusAsync(id, "new"));
    }

    [Fact]
    public async Task Rotate_Repeated_IsOneRotation()
    {
        var id = await cluster.CreateAsync();

        await RotateAsync(id, "new", seconds: 60);
        cluster.Time.Advance(TimeSpan.FromSeconds(30));
        await RotateAsync(id, "new", seconds: 60);

        Assert.Equal(KeyStatus.Active, await StatusAsync(id, id));
        cluster.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(KeyStatus.Unknown, await StatusAsync(id, id));
        Assert.Equal(KeyStatus.Active, await StatusAsync(id, "new"));
    }

    [Fact]
    public async Task Rotate_TwiceWithinAnOverlap_EndsTheOldest()
    {
        var id = await cluster.CreateAsync();

        await RotateAsync(id, "second", seconds: 600);
        await RotateAsync(id, "third", seconds: 60);

        Assert.Equal(KeyStatus.Unknown, await StatusAsync(id, id));
        Assert.Equal(KeyStatus.Active, await StatusAsync(id, "second"));
        Assert.Equal(KeyStatus.Active, await StatusAsync(id, "third"));
    }

    [Fact]
    public async Task Revoke_DuringAnOverlap_EndsBothSecrets()
    {
        var id = await cluster.CreateAsync();
        await RotateAsync(id, "new", seconds: 600);

        await cluster.Key(id).RevokeAsync();

        Assert.Equal(KeyStatus.Revoked, await StatusAsync(id, id));
        Assert.Equal(KeyStatus.Revoked, await StatusAsync(id, "new"));
    }

    private Task<KeyInfo?> RotateAsync(string id, string secret, int seconds) =>
        cluster.Key(id).RotateAsync(new KeyRotation(KeyCluster.HashOf(secret), $"sk-relay-…{secret}", TimeSpan.FromSeconds(seconds)));

    private async Task<KeyStatus> StatusAsync(string id, string secret) =>
        (await cluster.Key(id).AuthenticateAsync(KeyCluster.HashOf(secret))).Status;

    private async Task<(long Used, long Held, long Remaining)> StateAsync(string id)
    {
        var state = await cluster.LimitAsync(id);
        return (state.Used, state.Held, state.Remaining);
    }

    /// <summary>The settings after a change, by the directory and the grain alike; lists that are the same as before are made identical, since records compare them so.</summary>
    private async Task<KeySettings> ChangedAsync(string id, KeySettings before, KeyPatch patch)
    {
        var answered = (await cluster.Key(id).UpdateAsync(patch))!.Settings;
        var stored = (await cluster.Directory.FindAsync(id, CancellationToken.None))!;
        foreach (var settings in new[] { answered, stored })
        {
            Assert.Equal(before.Models.AsEnumerable(), settings.Models);
            Assert.Equal(before.Limits.AsEnumerable(), settings.Limits);
        }

        var same = answered with { Models = before.Models, Limits = before.Limits };
        Assert.Equal(same, stored with { Models = before.Models, Limits = before.Limits });
        return same;
    }
}
